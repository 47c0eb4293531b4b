import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAzureEmulators } from "../../support/azure-emulators.ts";

/** Where several processes keep everything together. */
export interface Store {
  /** The settings of a registry on it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether its change feed goes on, so that events are counted and ask for sweeps. */
  readonly changes: boolean;
  close(): Promise<void>;
}

export const stores: Readonly<Record<string, () => Promise<Store>>> = {
  "this machine's disk": async () => {
    const folder = await mkdtemp(join(tmpdir(), "portolan-collecting-"));
    const environment = { DATA_DIR: join(folder, "data") };
    return { environment, changes: true, close: async () => await rm(folder, { recursive: true }) };
  },
  "emulators of Azure's services": async () => {
    const { environment, stop } = await startAzureEmulators();
    return { environment: { ...environment, SERVE_THROUGH: "true" }, changes: false, close: stop };
  },
};

/** @throws Error when no store is called that */
export async function openStore(name: string): Promise<Store> {
  const store = await stores[name]?.();
  if (store === undefined) throw new Error(`no store is called ${name}`);
  return store;
}
