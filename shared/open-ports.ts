import type { AzureObservers, AzureSettings } from "./azure/open.ts";
import { ensureSignerKey } from "./catalog/operations/signer-key.ts";
import type { Config } from "./config.ts";
import type { Ports } from "./ports/ports.ts";
import { hmacSigner, systemClock, systemIds, systemPause } from "./system/world.ts";

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
export async function openPorts(
  { store, graces, tiers, prices }: Pick<Config, "store" | "graces" | "tiers" | "prices">,
  observers: AzureObservers = {},
): Promise<OpenedPorts> {
  if (store.kind === "azure")
    return await openAzurePorts(store.settings, { graces, tiers, prices }, observers);
  const { openLocalPorts } = await import("./local/open.ts").catch(explainAbsence);
  const { ports, close } = await openLocalPorts(store.dataDir);
  return { ports: { ...ports, graces, tiers, prices }, close };
}

/** What is deployed leaves the database of this machine out, and would only name a module. */
function explainAbsence(error: unknown): never {
  if ((error as { readonly code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
  throw new Error(
    "this package has no store for this machine: COSMOS_ENDPOINT and STORAGE_ACCOUNTS have to say where Azure's services are",
  );
}

async function openAzurePorts(
  settings: AzureSettings,
  policy: Pick<Ports, "graces" | "tiers" | "prices">,
  observers: AzureObservers,
): Promise<OpenedPorts> {
  const { openAzureStores } = await import("./azure/open.ts");
  const { stores, close } = await openAzureStores(settings, systemClock, observers);
  try {
    const ids = systemIds();
    const signer = hmacSigner(await ensureSignerKey({ documents: stores.documents, ids }));
    const { region, storage } = settings;
    const setApart = new Set(
      storage.accounts.map(({ alias }) => alias).filter((alias) => alias.includes(".")),
    );
    const world = { signer, clock: systemClock, ids, region, setApart, pause: systemPause };
    return { ports: { ...stores, ...world, ...policy }, close };
  } catch (error) {
    await close();
    throw error;
  }
}
