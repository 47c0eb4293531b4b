import { type Azurite, startAzurite } from "../../emulators/azurite.ts";
import { emulatorKey, type RunningEmulator, startCosmosServer } from "../../emulators/cosmos.ts";

/** Emulators of Azure's services, empty, on free ports of the loopback. */
export interface AzureEmulators {
  readonly azurite: Azurite;
  readonly cosmos: RunningEmulator;
  /** The settings of a registry that is to run on them. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startAzureEmulators(): Promise<AzureEmulators> {
  const azurite = await startAzurite({ onDisk: true });
  const cosmos = await startCosmosServer(true);
  const { endpoint } = cosmos;
  await cosmos.prepare({ endpoint, key: emulatorKey, database: "portolan", container: "documents" });
  return {
    azurite,
    cosmos,
    environment: {
      STORAGE_CONNECTION_STRING: azurite.connectionString,
      COSMOS_CONNECTION_STRING: `AccountEndpoint=${endpoint};AccountKey=${emulatorKey}`,
      COSMOS_DATABASE: "portolan",
      COSMOS_CONTAINER: "documents",
    },
    stop: async () => {
      await Promise.all([azurite.stop(), cosmos.stop()]);
    },
  };
}
