import { MemoryDocuments } from "../../shared/memory/documents.ts";
import { documentStoreContract } from "./document-store.ts";

const close = async () => {};

documentStoreContract("memory", async () => ({ store: new MemoryDocuments().store(), close }), {
  atomicBatches: true,
  etags: true,
  changes: true,
  refusesBadCommits: true,
});
