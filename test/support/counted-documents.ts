import type { DocumentStore } from "../../shared/ports/document-store.ts";

/** What documents were asked. */
export interface Calls {
  reads: number;
  lists: number;
  commits: number;
}

export const noCalls: Readonly<Calls> = { reads: 0, lists: 0, commits: 0 };

/** The documents, which count in `calls` what is asked of them. */
export function countedDocuments(documents: DocumentStore, calls: Calls): DocumentStore {
  return {
    ...documents,
    read: async (...asked) => {
      calls.reads += 1;
      return await documents.read(...asked);
    },
    list: async (...asked) => {
      calls.lists += 1;
      return await documents.list(...asked);
    },
    commit: async (...asked) => {
      calls.commits += 1;
      return await documents.commit(...asked);
    },
  };
}
