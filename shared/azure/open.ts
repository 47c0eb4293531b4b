import type { Ports } from "../ports/ports.ts";
import type { Clock } from "../ports/world.ts";
import type { CosmosObserver } from "./cosmos/observer.ts";
import { openCosmos } from "./cosmos/open.ts";
import type { CosmosSettings } from "./cosmos/settings.ts";
import type { StorageObserver } from "./storage/observer.ts";
import { openStorage } from "./storage/open.ts";
import type { StorageSettings } from "./storage/settings.ts";

/** Where a registry on Azure's services keeps everything. */
export interface AzureSettings {
  /** As Azure names it, such as `westeurope`: the region of this process and the alias of its storage account. */
  readonly region: string;
  readonly cosmos: CosmosSettings;
  readonly storage: StorageSettings;
}

export interface AzureObservers {
  readonly cosmos?: CosmosObserver;
  readonly storage?: StorageObserver;
}

export interface AzureStores {
  readonly stores: Pick<Ports, "documents" | "blobs" | "sessions" | "work">;
  close(): Promise<void>;
}

/**
 * Opens the stores on Cosmos DB and Azure Storage. Nothing is loaded or sent before the first call, except on an emulator of
 * Cosmos DB, whose container is created.
 * @throws Error when an emulator does not answer
 */
export async function openAzureStores(
  settings: AzureSettings,
  clock: Clock,
  observers: AzureObservers = {},
): Promise<AzureStores> {
  const cosmos = await openCosmos({
    settings: settings.cosmos,
    clock,
    region: settings.region,
    ...(observers.cosmos === undefined ? {} : { observer: observers.cosmos }),
  });
  const storage = openStorage({
    settings: settings.storage,
    clock,
    ...(observers.storage === undefined ? {} : { observer: observers.storage }),
  });
  return {
    stores: {
      documents: cosmos.documents,
      blobs: storage.blobs,
      sessions: storage.sessions,
      work: storage.work,
    },
    close: async () => {
      storage.close();
      cosmos.close();
    },
  };
}
