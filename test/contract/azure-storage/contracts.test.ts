import { afterAll, beforeAll, describe } from "vitest";
import { type Azurite, startAzurite } from "../../../emulators/azurite.ts";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { cloudAccount, emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import { AzureSessions } from "../../../shared/azure/storage/sessions.ts";
import { AzureWorkQueue } from "../../../shared/azure/storage/work-queue.ts";
import { blobStoreContract } from "../blob-store.ts";
import { uploadSessionsContract } from "../upload-sessions.ts";
import { workQueueContract } from "../work-queue.ts";

/** A real account, opened by whoever runs the tests; see docs/live-checks.md. Without it the emulator is what is tested. */
const endpoint = process.env["STORAGE_BLOB_ENDPOINT"];
const name = endpoint === undefined ? "Azurite" : "Azure Storage";

let azurite: Azurite | undefined;
beforeAll(async () => {
  if (endpoint === undefined) azurite = await startAzurite();
});
afterAll(async () => {
  await azurite?.stop();
});

/** Opens a store on the account, by the alias that sample places name. */
function opener<T>(
  pick: (account: StorageAccount) => T,
): () => Promise<{ store: T; close(): Promise<void> }> {
  return async () => {
    const options =
      endpoint === undefined
        ? emulatedAccount("local", azurite?.connectionString ?? "")
        : cloudAccount("local", endpoint, false);
    const account = new StorageAccount(options, { observer: { call: () => {} }, now: Date.now });
    return { store: pick(account), close: async () => account.close() };
  };
}

// Blocks large enough to be sent in many pieces, and so small that boundaries are everywhere.
describe.each([256 * 1024, 7])("with blocks of %i bytes,", (blockBytes) => {
  blobStoreContract(
    name,
    opener((account) => new AzureBlobs(new Map([["local", account]]), { blockBytes })),
    { findsUnfinished: false, missesBlocks: true, dropsAbandoned: false, keepsProperties: true },
  );
});

uploadSessionsContract(
  name,
  opener((account) => new AzureSessions(account)),
  { expires: true },
);

workQueueContract(
  name,
  opener((account) => new AzureWorkQueue(account.clients)),
);
