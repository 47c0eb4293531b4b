import { afterAll, beforeAll, describe } from "vitest";
import type { DocumentStore } from "../../shared/ports/document-store.ts";
import { changesContract } from "./document-changes.ts";
import { commitContract } from "./document-commit.ts";
import { limitsContract } from "./document-limits.ts";
import { listContract } from "./document-list.ts";

/** What a store under test can do; an emulator may lack something that the real service has. */
export interface DocumentStoreCapabilities {
  /** A commit is applied whole or not at all. */
  readonly atomicBatches: boolean;
  /** Replacing and deleting under an etag that is not the current one is refused. */
  readonly etags: boolean;
  readonly changes: boolean;
  /** Refuses commits that break the port's rules, before any of it is applied. */
  readonly refusesBadCommits: boolean;
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
    commitContract(store, capabilities);
    listContract(store);
    limitsContract(store, capabilities);
    changesContract(store, capabilities);
  });
}
