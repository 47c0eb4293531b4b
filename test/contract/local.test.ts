import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeyFile } from "../../shared/local/key-file.ts";
import { openLocalPorts } from "../../shared/local/open.ts";
import type { Ports } from "../../shared/ports/ports.ts";
import { blobStoreContract } from "./blob-store.ts";
import { documentStoreContract } from "./document-store.ts";
import { keyStoreContract } from "./key-store.ts";
import { uploadSessionsContract } from "./upload-sessions.ts";
import { workQueueContract } from "./work-queue.ts";

/** Opens the ports on a new folder, which goes with them. */
function opener<T>(pick: (ports: Ports) => T): () => Promise<{ store: T; close(): Promise<void> }> {
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), "portolan-contract-"));
    const { ports, close } = await openLocalPorts(folder);
    return {
      store: pick(ports),
      close: async () => {
        await close();
        await rm(folder, { recursive: true });
      },
    };
  };
}

documentStoreContract(
  "local",
  opener(({ documents }) => documents),
  { atomicBatches: true, etags: true, changes: true, refusesBadCommits: true },
);

blobStoreContract(
  "local",
  opener(({ blobs }) => blobs),
  { findsUnfinished: true, missesBlocks: true, dropsAbandoned: true, keepsProperties: false },
);

uploadSessionsContract(
  "local",
  opener(({ sessions }) => sessions),
  { expires: true },
);

workQueueContract(
  "local",
  opener(({ work }) => work),
);

keyStoreContract("local", async () => {
  const folder = await mkdtemp(join(tmpdir(), "portolan-contract-"));
  return {
    // In a folder that is not there yet.
    open: () => new KeyFile(join(folder, "new", "keys.json")),
    close: async () => await rm(folder, { recursive: true }),
  };
});
