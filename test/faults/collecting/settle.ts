import { listRepositories } from "../../../shared/catalog/catalog-entries.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { askForSweep } from "../../../shared/catalog/sweeps.ts";
import { readConfig } from "../../../shared/config.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { collect } from "../../../shared/upkeep/collection/collect.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";

/** Settings under which a registry collects all the time. */
export const eagerGraces = {
  REQUEST_SECONDS: "2",
  LEASE_SECONDS: "4",
  CLOCK_SKEW_SECONDS: "0",
  PURGE_SECONDS: "2",
  SWEEP_SECONDS: "1",
  DEEP_SWEEP_SECONDS: "8",
};

const roundsMax = 400;
const silent = createLog("silent", () => {});

/**
 * Works until nothing is left to do, nor after a look at everything.
 * @param changes whether the change feed goes on, so that events are counted and ask for sweeps
 */
export async function settle(ports: Ports, changes: boolean): Promise<void> {
  await workThrough(ports, changes);
  await ports.pause(ports.graces.deepSweepSeconds * 1_000);
  await workThrough(ports, changes);
}

async function workThrough(ports: Ports, changes: boolean): Promise<void> {
  let idle = 0;
  for (let round = 0; round < roundsMax && idle < 4; round++) {
    while (changes && (await consumeEvents(ports, silent)).more);
    if (!changes) await askForAll(ports);
    const { places, generations, condemned, links, more } = await collect(ports, silent);
    const busy = places + generations + condemned + links > 0 || more;
    idle = busy ? 0 : idle + 1;
    if (!more) await ports.pause(1_000);
  }
}

async function askForAll(ports: Ports): Promise<void> {
  const { defaultRegistry } = readConfig({}).hosts;
  const registry = await ensureRegistry(ports, defaultRegistry, { sparseManifests: false });
  const { names } = await listRepositories(ports, registry, undefined, 1_000, { which: "all" });
  for (const name of names) await askForSweep(ports, registry.rid, name, ports.clock.now());
}
