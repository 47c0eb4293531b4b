import { readAs } from "../../catalog/commit.ts";
import { schema } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import type { Document } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import type { Collection } from "./collect.ts";

/** The latest run of collection. Times are ms since 1970, sizes bytes. */
export interface CollectionStatusDocument extends Document, Omit<Collection, "oldest" | "next"> {
  readonly kind: "collection-status";
  readonly startedAt: number;
  readonly endedAt: number;
  readonly oldest?: number;
  readonly next?: number;
  /** Sums of all runs. */
  readonly placesEver: number;
  readonly bytesEver: number;
}

/** Undefined: it has never run. One read. */
export async function readCollectionStatus(
  ports: Pick<Ports, "documents">,
): Promise<CollectionStatusDocument | undefined> {
  const id = ids.collectionStatus;
  const stored = await readAs<CollectionStatusDocument>(
    ports.documents,
    partitions.operations,
    id,
    "collection-status",
  );
  return stored?.document;
}

/** A loss of this harms nobody. */
export async function writeCollectionStatus(
  ports: Ports,
  startedAt: number,
  done: Collection,
): Promise<void> {
  const before = await readCollectionStatus(ports);
  const { oldest, next, ...figures } = done;
  const document: CollectionStatusDocument = {
    id: ids.collectionStatus,
    kind: "collection-status",
    schema,
    writer: ports.ids.nonce(),
    startedAt,
    endedAt: ports.clock.now(),
    ...figures,
    ...(oldest === undefined ? {} : { oldest }),
    ...(next === undefined ? {} : { next }),
    placesEver: (before?.placesEver ?? 0) + done.places,
    bytesEver: (before?.bytesEver ?? 0) + done.bytes,
  };
  await ports.documents.commit(partitions.operations, [{ op: "upsert", document }]);
}
