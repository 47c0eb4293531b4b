import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { listRepositories } from "../../../shared/catalog/catalog-entries.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { readConfig } from "../../../shared/config.ts";
import { seededRandom } from "../../../shared/memory/random.ts";
import { openPorts } from "../../../shared/open-ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { recountRegistry } from "../../../shared/upkeep/recount/reconcile-usage.ts";
import { refuseFailures } from "../../protocol/harness/built-registry.ts";
import { startRegistry } from "../../support/registry-process.ts";
import { ImageClient, wrongWith } from "./image-client.ts";
import { eagerGraces, settle } from "./settle.ts";
import { openStore, stores } from "./stores.ts";

/** `FAULT_RUNS` asks for more kills. */
const kills = Number(process.env["FAULT_RUNS"] ?? 5);
const clients = 4;
const lifeMillisMax = 2_500;
const silent = createLog("silent", () => {});

it.each(Object.keys(stores))(
  "what is acknowledged stays and what is deleted goes, through kills amid pushes, deletions and collection on %s",
  async (name) => {
    const store = await openStore(name);
    onTestFinished(async () => await store.close());
    const environment = { ...store.environment, ...eagerGraces, LOG_LEVEL: "warn" };
    const random = seededRandom(kills);
    const shared = randomBytes(100_000);
    const all = Array.from({ length: clients }, (_, client) => new ImageClient(`c${client}`, shared, random));
    const standing = (of: string) =>
      all.flatMap(({ images }) => images).filter((image) => image.standing === of).length;
    let killed = 0;
    // On a busy machine some die before anything is acknowledged.
    for (; killed < kills || Math.min(standing("there"), standing("gone")) <= kills / 2; killed++) {
      expect(killed, "kills with too little done").toBeLessThan(5 * kills);
      await liveAndDie(environment, all, random(lifeMillisMax));
    }
    const images = all.flatMap((client) => client.images);

    const config = readConfig(environment);
    const { ports, close } = await openPorts(config);
    onTestFinished(async () => await close());
    const check = async () => {
      const registry = await start(environment);
      const wrong = await Promise.all(images.map(async (image) => await wrongWith(registry.host, image)));
      await registry.kill();
      expect(wrong.flat()).toEqual([]);
    };
    await settle(ports, store.changes);
    await check();
    const registry = await ensureRegistry(ports, config.hosts.defaultRegistry, { sparseManifests: false });
    if (store.changes) {
      const report = await recountRegistry(ports, silent, registry, { pages: 100_000 });
      expect(report?.drift).toEqual([]);
    }

    // When everything is deleted, nothing is left but what pushes left that were killed before any document named it.
    const last = await start(environment);
    const names = [...new Set(images.map((image) => image.repository))];
    await Promise.all(
      names.map(async (repository) => {
        await fetch(`http://${last.host}/acr/v1/${encodeURIComponent(repository)}`, { method: "DELETE" });
      }),
    );
    await last.kill();
    for (const image of images) image.standing = "gone";
    await settle(ports, store.changes);
    await check();
    const places = await ports.blobs.list(registry.storage, { prefix: "u/", limit: 1_000 });
    expect(places.stored.length).toBeLessThanOrEqual(killed * clients);
    const rest = await listRepositories(ports, registry, undefined, 1_000, { which: "all" });
    expect(rest.names).toEqual([]);
  },
  600_000,
);

async function start(environment: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), "portolan-collecting-log-"));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  return await startRegistry({ folder, environment });
}

/** A registry that serves all clients for a while, collects meanwhile, and is killed. */
async function liveAndDie(
  environment: Readonly<Record<string, string>>,
  all: readonly ImageClient[],
  millis: number,
): Promise<void> {
  const registry = await start(environment);
  const working = all.map(async (client) => await client.workUntilGone(registry.host));
  const moment = new Promise<void>((resolve) => {
    setTimeout(resolve, millis);
  });
  try {
    // A client ends before the moment only with a finding.
    await Promise.race([moment, ...working]);
  } finally {
    await registry.kill();
  }
  await Promise.all(working);
  if (registry.logFile !== undefined) refuseFailures(await readFile(registry.logFile, "utf8"));
}
