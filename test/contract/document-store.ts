import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DocumentStore } from "../../shared/ports/document-store.ts";
import { changesContract } from "./document-changes.ts";
import { commitContract } from "./document-commit.ts";
import { limitsContract } from "./document-limits.ts";
import { listContract } from "./document-list.ts";
import { racesContract } from "./document-races.ts";

/** What a store under test can do; an emulator may lack something that the real service has. */
export interface DocumentStoreCapabilities {
  /** A commit is applied whole or not at all. */
  readonly atomicBatches: boolean;
  /** Replacing and deleting under an etag that is not the current one is refused. */
  readonly etags: boolean;
  readonly changes: boolean;
  /** Refuses commits that break the port's rules, before any of it is applied. */
  readonly refusesBadCommits: boolean;

  // What only emulators lack. A store that does not say can do it.

  /** No list sees half of a commit. Where it does not say, as with `atomicBatches`. */
  readonly isolation?: boolean;
  /** Of several that replace under the same etag at the same moment, one wins. */
  readonly compareAndSet?: boolean;
  /** An etag counts for a deletion as well. */
  readonly etagsOfDeletes?: boolean;
  /** Documents of several partitions may have the same id. */
  readonly partitions?: boolean;
  /** A read finds nothing in its partition when only another has the id. */
  readonly absence?: boolean;
  /** Takes every id that the port allows. */
  readonly everyId?: boolean;
}

export interface MadeDocumentStore {
  readonly store: DocumentStore;
  close(): Promise<void>;
}

/** Everything that the port promises, for any store. @param make opens a store, which may hold other partitions already */
export function documentStoreContract(
  name: string,
  make: () => Promise<MadeDocumentStore>,
  capabilities: DocumentStoreCapabilities,
): void {
  describe(`${name} as a DocumentStore`, () => {
    let made: MadeDocumentStore | undefined;
    // Where partitions get into each other's way, every test has a store to itself.
    const apart = capabilities.partitions !== false && capabilities.absence !== false;
    const [before, after] = apart ? [beforeAll, afterAll] : [beforeEach, afterEach];
    before(async () => {
      made = await make();
    });
    after(async () => {
      await made?.close();
    });
    const store = () => {
      if (made === undefined) throw new Error("the store was not made");
      return made.store;
    };
    commitContract(store, capabilities);
    racesContract(store, capabilities);
    listContract(store);
    limitsContract(store, capabilities);
    changesContract(store, capabilities);
    it("names the region that takes writes, the same each time", async () => {
      const region = await store().writeRegion();
      expect(region).not.toBe("");
      expect(await store().writeRegion()).toBe(region);
    });
  });
}
