import { afterAll, beforeAll, describe } from "vitest";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import { AzureSessions } from "../../../shared/azure/storage/sessions.ts";
import { AzureWorkQueue } from "../../../shared/azure/storage/work-queue.ts";
import { type Azurite, startAzurite } from "../../support/azurite.ts";
import { blobStoreContract } from "../blob-store.ts";
import { uploadSessionsContract } from "../upload-sessions.ts";
import { workQueueContract } from "../work-queue.ts";

let azurite: Azurite | undefined;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(async () => {
  await azurite?.stop();
});

/** Opens a store on the emulator's account, by the alias that sample places name. */
function opener<T>(
  pick: (account: StorageAccount) => T,
): () => Promise<{ store: T; close(): Promise<void> }> {
  return async () => {
    if (azurite === undefined) throw new Error("the emulator was not started");
    const world = { observer: { call: () => {} }, now: Date.now };
    const account = new StorageAccount(emulatedAccount("local", azurite.connectionString), world);
    return { store: pick(account), close: async () => account.close() };
  };
}

// Blocks large enough to be sent in many pieces, and so small that boundaries are everywhere.
describe.each([256 * 1024, 7])("with blocks of %i bytes,", (blockBytes) => {
  blobStoreContract(
    "Azurite",
    opener((account) => new AzureBlobs(new Map([["local", account]]), { blockBytes })),
    { findsUnfinished: false, missesBlocks: true, dropsAbandoned: false },
  );
});

uploadSessionsContract(
  "Azurite",
  opener((account) => new AzureSessions(account)),
  { expires: true },
);

workQueueContract(
  "Azurite",
  opener((account) => new AzureWorkQueue(account.clients)),
);
