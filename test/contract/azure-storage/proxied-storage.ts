import { type Azurite, startAzurite } from "../../../emulators/azurite.ts";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import { AzureSessions } from "../../../shared/azure/storage/sessions.ts";
import { AzureWorkQueue } from "../../../shared/azure/storage/work-queue.ts";
import type { UploadSession } from "../../../shared/ports/upload-sessions.ts";
import { StorageProxy } from "../../support/storage-proxy.ts";
import { newPlace, propertiesOf, sampleBytes } from "../sample-blobs.ts";

/** The stores on an emulator, with proxies between them that do to requests what a test wants. */
export interface ProxiedStorage {
  readonly azurite: Azurite;
  readonly blobProxy: StorageProxy;
  readonly queueProxy: StorageProxy;
  readonly blobs: AzureBlobs;
  readonly sessions: AzureSessions;
  readonly work: AzureWorkQueue;
  /** From now on every request passes. */
  heal(): void;
  close(): Promise<void>;
}

export async function startProxiedStorage(): Promise<ProxiedStorage> {
  const azurite = await startAzurite();
  const blobProxy = await StorageProxy.start(azurite.blobEndpoint);
  const queueProxy = await StorageProxy.start(azurite.queueEndpoint);
  const account = new StorageAccount(
    {
      ...emulatedAccount("local", azurite.connectionString),
      blobEndpoint: blobProxy.url,
      queueEndpoint: queueProxy.url,
      secondaryBlobEndpoint: undefined,
    },
    { observer: { call: () => {} }, now: Date.now },
  );
  const blobs = new AzureBlobs(new Map([["local", account]]), { blockBytes: 64 * 1024 });
  const sessions = new AzureSessions(account);
  const work = new AzureWorkQueue(account.clients);
  // Containers and queues come into being with the first write, which shall not be a test's.
  const bytes = sampleBytes(1);
  await blobs.put(newPlace(), bytes, propertiesOf(bytes));
  await sessions.write("first", sessionAt(1), undefined);
  await work.send("queue", { work: {}, attempt: 1 });
  return {
    azurite,
    blobProxy,
    queueProxy,
    blobs,
    sessions,
    work,
    heal: () => {
      blobProxy.fault = () => undefined;
      queueProxy.fault = () => undefined;
    },
    close: async () => {
      account.close();
      await blobProxy.goDown();
      await queueProxy.goDown();
      await azurite.stop();
    },
  };
}

export function sessionAt(offset: number): UploadSession {
  return { state: "open", algorithm: "sha256", offset, runs: [], hash: { kind: "none" }, expiresAt: 4e9 };
}
