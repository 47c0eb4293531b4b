import { afterAll, beforeAll, describe } from "vitest";
import type { BlobStore } from "../../shared/ports/blob-store.ts";
import { containerContract } from "./blob-containers.ts";
import { readContract } from "./blob-read.ts";
import { stageContract } from "./blob-stage.ts";

/** What a store under test can do; an emulator may lack something that the real service has. */
export interface BlobStoreCapabilities {
  /** Tells which uploads were never committed, and drops them. */
  readonly findsUnfinished: boolean;
  /** Knows at the commit, and when reading back, that staged blocks are not there. */
  readonly missesBlocks: boolean;
  /** Drops the blocks of an abandoned writer at once; elsewhere they go with the upload's commit, or after a week. */
  readonly dropsAbandoned: boolean;
  /** Keeps properties beside the bytes, and lists them. */
  readonly keepsProperties: boolean;
}

export interface MadeBlobStore {
  readonly store: BlobStore;
  close(): Promise<void>;
}

/** Everything that the port promises, for any store. @param make opens a store, which may hold other places already */
export function blobStoreContract(
  name: string,
  make: () => Promise<MadeBlobStore>,
  capabilities: BlobStoreCapabilities,
): void {
  describe(`${name} as a BlobStore`, () => {
    let made: MadeBlobStore | undefined;
    beforeAll(async () => {
      made = await make();
    });
    afterAll(async () => {
      await made?.close();
    });
    const store = () => {
      if (made === undefined) throw new Error("the store was not made");
      return made.store;
    };
    stageContract(store, capabilities);
    readContract(store);
    containerContract(store, capabilities);
  });
}
