import type { TokenCredential } from "@azure/identity";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { UploadSessions } from "../../ports/upload-sessions.ts";
import type { WorkQueue } from "../../ports/work-queue.ts";
import type { Clock } from "../../ports/world.ts";
import { StorageAccount, type StorageWorld } from "./account.ts";
import { AzureBlobs } from "./blobs.ts";
import type { StorageObserver } from "./observer.ts";
import { AzureSessions } from "./sessions.ts";
import type { StorageSettings } from "./settings.ts";
import { AzureWorkQueue } from "./work-queue.ts";

export interface StorageOptions {
  readonly settings: StorageSettings;
  readonly clock: Clock;
  readonly observer?: StorageObserver;
  /** In place of this process's own identity. */
  readonly credential?: () => Promise<TokenCredential>;
}

export interface OpenedStorage {
  readonly blobs: BlobStore;
  readonly sessions: UploadSessions;
  readonly work: WorkQueue;
  close(): void;
}

/**
 * Blobs, upload sessions and queues on Azure Storage. Nothing is loaded and nothing is sent before the first call.
 * @throws Error when the region's own account is not among the settings'
 */
export function openStorage(options: StorageOptions): OpenedStorage {
  const { settings, clock, credential } = options;
  const world: StorageWorld = {
    observer: options.observer ?? { call: () => {} },
    now: () => clock.now(),
    ...(credential === undefined ? {} : { credential }),
  };
  const accounts = new Map(
    settings.accounts.map((account) => [account.alias, new StorageAccount(account, world)]),
  );
  const own = accounts.get(settings.own);
  if (own === undefined) throw new Error(`no storage account is configured as ${settings.own}`);
  return {
    blobs: new AzureBlobs(accounts),
    sessions: new AzureSessions(own),
    work: new AzureWorkQueue(own.clients),
    close: () => {
      for (const account of accounts.values()) account.close();
    },
  };
}
