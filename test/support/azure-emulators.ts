import { type Azurite, startAzurite } from "../../emulators/azurite.ts";
import { emulatorKey, type RunningEmulator, startCosmosServer } from "../../emulators/cosmos.ts";
import { type StrictStorageFront, startStrictStorageFront } from "./strict-storage.ts";

/** Emulators of Azure's services, empty, on free ports of the loopback. */
export interface AzureEmulators {
  readonly azurite: Azurite;
  readonly cosmos: RunningEmulator;
  /** Where the registry and its clients find the blobs: refuses what the service would. */
  readonly storage: StrictStorageFront;
  /** The settings of a registry that is to run on them. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startAzureEmulators(): Promise<AzureEmulators> {
  const azurite = await startAzurite({ onDisk: true });
  const storage = await startStrictStorageFront(azurite.blobEndpoint);
  const cosmos = await startCosmosServer(true);
  const { endpoint } = cosmos;
  await cosmos.prepare({ endpoint, key: emulatorKey, database: "portolan", container: "documents" });
  return {
    azurite,
    cosmos,
    storage,
    environment: {
      STORAGE_CONNECTION_STRING: azurite.connectionString.replaceAll(azurite.blobEndpoint, storage.endpoint),
      COSMOS_CONNECTION_STRING: `AccountEndpoint=${endpoint};AccountKey=${emulatorKey}`,
      COSMOS_DATABASE: "portolan",
      COSMOS_CONTAINER: "documents",
    },
    stop: async () => {
      await storage.stop();
      await Promise.all([azurite.stop(), cosmos.stop()]);
    },
  };
}
