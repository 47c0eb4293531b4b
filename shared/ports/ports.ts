import type { Graces } from "../domain/graces.ts";
import type { Prices } from "../domain/pricing/prices.ts";
import type { TierTable } from "../domain/tiers/table.ts";
import type { BlobStore } from "./blob-store.ts";
import type { DocumentStore } from "./document-store.ts";
import type { StorageQuota } from "./storage-quota.ts";
import type { UploadSessions } from "./upload-sessions.ts";
import type { WorkQueue } from "./work-queue.ts";
import type { Clock, Ids, Signer } from "./world.ts";

/** All that the registry needs from the world. */
export interface Ports {
  readonly documents: DocumentStore;
  readonly blobs: BlobStore;
  readonly sessions: UploadSessions;
  readonly work: WorkQueue;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly ids: Ids;
  /** The region that this process runs in. */
  readonly region: string;
  /** Aliases of the accounts that one registry has for itself; see `homeAccount`. Absent: there are none. */
  readonly setApart?: ReadonlySet<string>;
  readonly graces: Graces;
  /** What a registry of each tier is allowed. */
  readonly tiers: TierTable;
  /** Of a month. Absent: the operator has named none. */
  readonly prices?: Prices | undefined;
  /** Absent: registries store as much as they like. */
  readonly quota?: StorageQuota;
  /** Resolves when so many ms are over. */
  readonly pause: (millis: number) => Promise<void>;
}
