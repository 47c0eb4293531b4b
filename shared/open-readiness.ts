import type { Config } from "./config.ts";
import { readConfig } from "./config.ts";
import { SettingsError } from "./domain/setting-faults.ts";
import { openKeyStore } from "./open-keys.ts";
import type { Explanations } from "./ports/explanations.ts";
import type { Ports } from "./ports/ports.ts";
import { dependenciesOf, type TriedStores } from "./readiness/dependencies.ts";
import type { Dependency, ReadinessReport } from "./readiness/dependency.ts";
import { Readiness, reportOn } from "./readiness/readiness.ts";
import { systemClock, systemIds } from "./system/world.ts";
import type { Log } from "./telemetry/log.ts";

type Kept = Pick<Config, "store" | "keys" | "auth" | "queued">;

/** The readiness of a registry that has started, by the stores that it uses. */
export async function openReadiness(
  config: Kept,
  ports: Ports,
  queues: readonly string[],
  log: Log,
): Promise<Readiness> {
  const stores = await storesOf(config, ports, queues);
  const dependencies = dependenciesOf(stores, await explanationsOf(config));
  const onFailure = failureLog(log);
  return new Readiness(() => reportOn(dependencies, onFailure), ports.clock);
}

/**
 * What a registry lacks that does not start: its settings, or what a store on Azure refuses. The stores are opened for it alone.
 * @param failure what the start failed with
 */
export async function explainFailedStart(
  env: Readonly<Record<string, string | undefined>>,
  failure: unknown,
  queues: readonly string[],
  log: Log,
): Promise<ReadinessReport> {
  const onFailure = failureLog(log);
  const start = failed("start", failure, () => "the log says why it does not start");
  let config: Config;
  try {
    config = readConfig(env);
  } catch (error) {
    // Lines that name the settings, and repeat no secret.
    const faults = error instanceof SettingsError ? error.faults : [String(error)];
    return await reportOn(
      faults.map((fault) => failed("settings", new Error(fault), ({ message }) => message)),
      onFailure,
    );
  }
  if (config.store.kind === "local") return await reportOn([start], onFailure);
  const { openAzureStores } = await import("./azure/open.ts");
  try {
    const { stores, close } = await openAzureStores(config.store.settings, systemClock);
    try {
      const tried = await storesOf(config, { ...stores, clock: systemClock, ids: systemIds() }, queues);
      const dependencies = dependenciesOf(tried, await explanationsOf(config));
      const report = await reportOn(dependencies, onFailure);
      // All is well by now, or it is something else that nobody has thought of.
      return report.status === "ready" ? await reportOn([...dependencies, start], onFailure) : report;
    } finally {
      await close();
    }
  } catch {
    return await reportOn([start], onFailure);
  }
}

/** What has failed before anything could be tried. */
function failed(name: string, error: unknown, explain: (error: Error) => string): Dependency {
  return {
    name,
    try: async () => {
      throw error;
    },
    explain: (thrown) => explain(thrown instanceof Error ? thrown : new Error(String(thrown))),
  };
}

async function storesOf(
  { store, keys, auth, queued }: Kept,
  ports: TriedStores["ports"],
  queues: readonly string[],
): Promise<TriedStores> {
  return {
    ports,
    accounts:
      store.kind === "local" ? ["this machine"] : store.settings.storage.accounts.map(({ alias }) => alias),
    queues: queued ? queues : [],
    keys: auth === undefined || keys === undefined ? undefined : await openKeyStore(keys),
  };
}

async function explanationsOf({ store }: Pick<Config, "store">): Promise<Explanations> {
  if (store.kind === "azure") return (await import("./azure/explanations.ts")).azureExplanations;
  const explain = (error: unknown) =>
    `DATA_DIR has to be on a disk that can be written and is not full: ${String((error as { code?: unknown }).code ?? "see the log")}`;
  return { documents: explain, blobs: explain, work: explain, keys: explain };
}

function failureLog(log: Log): (name: string, error: unknown) => void {
  return (name, error) =>
    log.write("warn", "failure", { work: "readiness", dependency: name, error: String(error) });
}
