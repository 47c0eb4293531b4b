import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "vitest";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { readRegistryUsage, storedBytes } from "../../../shared/catalog/usage.ts";
import { readConfig } from "../../../shared/config.ts";
import { openPorts } from "../../../shared/open-ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { recountRegistry } from "../../../shared/upkeep/recount/reconcile-usage.ts";
import { refuseFailures } from "../../protocol/harness/built-registry.ts";
import { type RunningRegistry, startRegistry } from "../../support/registry-process.ts";
import { PushingClients } from "./pushing-clients.ts";
import { openStore, stores } from "./stores.ts";

const instances = 3;
const pushers = 20;
/** For 13 of their layers. Up to a ten-thousandth of it is not reserved: so much has a config. */
const storageBytesMax = 2_000_000;
const silent = createLog("silent", () => {});

it.concurrent.for(Object.keys(stores))(
  "pushes at once into several processes end within the quota, and what is counted is what is stored, on %s",
  { timeout: 300_000 },
  async (name, { expect, onTestFinished }) => {
    const store = await openStore(name);
    onTestFinished(async () => await store.close());
    const settings = { TIERS: JSON.stringify({ Premium: { storageBytesMax } }), LOG_LEVEL: "warn" };
    const environment = { ...store.environment, ...settings };
    const folder = await mkdtemp(join(tmpdir(), "portolan-quota-"));
    onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
    const running = await start(folder, environment);
    onTestFinished(async () => void (await Promise.all(running.map(async ({ kill }) => await kill()))));
    const clients = new PushingClients(running.map(({ host }) => host));

    await Promise.all(Array.from({ length: pushers }, async (_, n) => await clients.push(`quota/app${n}`)));
    // What is reserved does not go over the quota by a byte, and may count twice.
    expect(clients.layerBytes).toBeLessThanOrEqual(storageBytesMax);
    expect(clients.layerBytes).toBeGreaterThan(storageBytesMax / 3);
    expect(clients.refused).toBeGreaterThan(0);

    const images = [...clients.images];
    expect(images.length).toBeGreaterThan(3);
    await Promise.all([
      ...images.map(async (image, n) => {
        if (n % 2 === 0) await clients.mount(image, `quota/mounted${n}`);
        else await clients.deleteImage(image);
      }),
      ...images.map(async (_, n) => await clients.push(`quota/more${n}`)),
    ]);
    expect(clients.layerBytes).toBeLessThanOrEqual(storageBytesMax);
    for (const registry of running) {
      await registry.stop();
      refuseFailures(await readFile(registry.logFile ?? "", "utf8"));
    }

    const config = readConfig(environment);
    const { ports, close } = await openPorts(config);
    onTestFinished(async () => await close());
    const registry = await ensureRegistry(ports, config.hosts.defaultRegistry, { sparseManifests: false });
    const { stored, next } = await ports.blobs.list(registry.storage, { prefix: "", limit: 1_000 });
    expect(next).toBeUndefined();
    const bytes = stored.reduce((sum, { size }) => sum + size, 0);
    // Nothing is left of what was refused at its end.
    expect(bytes).toBe(clients.layerBytes + clients.configBytes);
    if (store.changes) {
      while ((await consumeEvents(ports, silent)).more);
      const usage = await readRegistryUsage(ports, registry.rid);
      expect(usage?.bytes).toBe(bytes);
      const overshoot = clients.configBytes + clients.manifestBytes;
      expect(storedBytes(usage)).toBeLessThanOrEqual(storageBytesMax + overshoot);
      const report = await recountRegistry(ports, silent, registry, { pages: 100_000 });
      expect(report).toMatchObject({ drifts: 0, unsettled: 0 });
    }
    process.stdout.write(`${name}: ${bytes} bytes in ${instances} processes, ${clients.refused} refused\n`);
  },
);

async function start(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<readonly RunningRegistry[]> {
  const owns = await Promise.all(
    Array.from({ length: instances }, async () => await mkdtemp(join(folder, "own-"))),
  );
  return await Promise.all(owns.map(async (own) => await startRegistry({ folder: own, environment })));
}
