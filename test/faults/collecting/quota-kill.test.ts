import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { readRegistryUsage, storedBytes } from "../../../shared/catalog/usage.ts";
import { readConfig } from "../../../shared/config.ts";
import { seededRandom } from "../../../shared/memory/random.ts";
import { openPorts } from "../../../shared/open-ports.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { collectOrphans } from "../../../shared/upkeep/orphans/collect-orphans.ts";
import { recountRegistry } from "../../../shared/upkeep/recount/reconcile-usage.ts";
import { startRegistry } from "../../support/registry-process.ts";
import { unlimitedRates } from "../../support/unlimited-tiers.ts";
import { QuotaClient } from "./quota-client.ts";
import { eagerGraces, settle } from "./settle.ts";

/** `FAULT_RUNS` asks for more kills, `FAULT_SEED` for other draws. */
const kills = Number(process.env["FAULT_RUNS"] ?? 3);
const seed = Number(process.env["FAULT_SEED"] ?? 1);
const clientsPerProcess = 2;
const lifeMillisMax = 2_500;
const storageBytesMax = 3_000_000;
const dayMillis = 24 * 3600 * 1000;
const silent = createLog("silent", () => {});

const { Premium } = JSON.parse(unlimitedRates) as { Premium: Record<string, number> };
const settings = {
  TIERS: JSON.stringify({ Premium: { ...Premium, storageBytesMax } }),
  ...eagerGraces,
  LOG_LEVEL: "warn",
};

it("a registry at its quota counts what it stores, through pushes, mounts, deletions, collection and kills", async () => {
  const folder = await mkdtemp(join(tmpdir(), "portolan-quota-"));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  const environment = { ...settings, DATA_DIR: join(folder, "data") };
  const random = seededRandom(seed);
  const clients = Array.from({ length: 2 * clientsPerProcess }, (_, n) => new QuotaClient(`c${n}`, random));
  for (let kill = 0; kill < kills; kill++)
    await liveAndDie(folder, environment, clients, random(lifeMillisMax));

  const answered = (status: number) =>
    clients.reduce((sum, { answers }) => sum + (answers.get(status) ?? 0), 0);
  expect(answered(201)).toBeGreaterThan(10);
  expect(answered(403), "nothing is shown by a quota that nobody met").toBeGreaterThan(0);

  const config = readConfig(environment);
  const { ports, close } = await openPorts(config);
  onTestFinished(async () => await close());
  const registry = await ensureRegistry(ports, config.hosts.defaultRegistry, { sparseManifests: false });
  await settle(ports, true);
  const usage = await readRegistryUsage(ports, registry.rid);
  const report = await recountRegistry(ports, silent, registry, { pages: 100_000 });
  expect(report?.drift).toEqual([]);
  expect(storedBytes(usage)).toBeGreaterThan(0);
  expect(storedBytes(usage)).toBeLessThanOrEqual(storageBytesMax);
  // Of what a killed process left, nothing tells: it goes when no upload of its day can be at work.
  const later = { ...ports, clock: { now: () => Date.now() + 30 * dayMillis } };
  for (let more = true; more; ) ({ more } = await collectOrphans(later, silent));
  const bytes = await bytesIn(ports, registry);
  process.stdout.write(
    `${answered(201)} pushed, ${answered(403)} refused, ${kills} kills: ${bytes} bytes stored, ${usage?.bytes} counted\n`,
  );
  expect(bytes).toBe(usage?.bytes);
}, 300_000);

/** Two processes on the same data serve clients for a while; one is killed, and then the other. */
async function liveAndDie(
  folder: string,
  environment: Readonly<Record<string, string>>,
  clients: readonly QuotaClient[],
  millis: number,
): Promise<void> {
  const processes = await Promise.all(
    [0, 1].map(async () => await startRegistry({ folder: await mkdtemp(join(folder, "own-")), environment })),
  );
  const working = processes.flatMap(({ host }, at) =>
    clients
      .slice(at * clientsPerProcess, (at + 1) * clientsPerProcess)
      .map(async (client) => await client.workUntilGone(host)),
  );
  const moment = new Promise<void>((resolve) => {
    setTimeout(resolve, 500 + millis);
  });
  try {
    // A client ends before the moment only with a finding.
    await Promise.race([moment, ...working]);
  } finally {
    for (const registry of processes) await registry.kill();
  }
  await Promise.all(working);
}

async function bytesIn(ports: Ports, registry: RegistryDocument): Promise<number> {
  const { stored, next } = await ports.blobs.list(registry.storage, { prefix: "", limit: 1_000 });
  expect(next).toBeUndefined();
  return stored.reduce((sum, { size }) => sum + size, 0);
}
