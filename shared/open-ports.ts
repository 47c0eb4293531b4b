import type { AzureObservers, AzureSettings } from "./azure/open.ts";
import { ensureSignerKey } from "./catalog/signer-key.ts";
import type { StoreConfig } from "./config.ts";
import type { Ports } from "./ports/ports.ts";
import { hmacSigner, systemClock, systemIds } from "./system/world.ts";

export interface OpenedPorts {
  readonly ports: Ports;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/**
 * The ports on what the configuration names. Only that is loaded: a start on Azure waits for no database of this machine, and
 * the other way round.
 * @throws Error of one line when the stores cannot be opened
 */
export async function openPorts(store: StoreConfig, observers: AzureObservers = {}): Promise<OpenedPorts> {
  if (store.kind === "azure") return await openAzurePorts(store.settings, observers);
  const { openLocalPorts } = await import("./local/open.ts");
  return await openLocalPorts(store.dataDir);
}

async function openAzurePorts(settings: AzureSettings, observers: AzureObservers): Promise<OpenedPorts> {
  const { openAzureStores } = await import("./azure/open.ts");
  const { stores, close } = await openAzureStores(settings, systemClock, observers);
  try {
    const ids = systemIds();
    const signer = hmacSigner(await ensureSignerKey({ documents: stores.documents, ids }));
    return { ports: { ...stores, signer, clock: systemClock, ids, region: settings.region }, close };
  } catch (error) {
    await close();
    throw error;
  }
}
