import { describe } from "vitest";
import { MemoryBlobs } from "../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../shared/memory/documents.ts";
import { MemoryKeyStore } from "../../shared/memory/key-store.ts";
import { MemorySessions } from "../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../shared/memory/work-queue.ts";
import { blobStoreContract } from "./blob-store.ts";
import { documentStoreContract } from "./document-store.ts";
import { keyStoreContract } from "./key-store.ts";
import { uploadSessionsContract } from "./upload-sessions.ts";
import { workQueueContract } from "./work-queue.ts";

const close = async () => {};

documentStoreContract("memory", async () => ({ store: new MemoryDocuments().store(), close }), {
  atomicBatches: true,
  etags: true,
  changes: true,
  refusesBadCommits: true,
});

// Blocks of a size that the real ones have, and of one at which boundaries are everywhere.
describe.each([1024 ** 2, 7])("with blocks of %i bytes,", (blockBytes) => {
  blobStoreContract("memory", async () => ({ store: new MemoryBlobs({ blockBytes }).store(), close }), {
    findsUnfinished: true,
    missesBlocks: true,
    dropsAbandoned: true,
    keepsProperties: true,
  });
});

uploadSessionsContract("memory", async () => ({ store: new MemorySessions().store(), close }), {
  expires: true,
});

workQueueContract("memory", async () => ({ store: new MemoryWorkQueue().store(), close }));

keyStoreContract("memory", async () => {
  const store = new MemoryKeyStore();
  return { open: () => store, close };
});
