import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readEntry } from "../../shared/catalog/catalog-entries.ts";
import { listLeftGenerations } from "../../shared/catalog/generations.ts";
import { partitions } from "../../shared/catalog/keys.ts";
import { ensureRegistry } from "../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../shared/catalog/registry-documents.ts";
import { findRepository, readHeader } from "../../shared/catalog/repositories.ts";
import { listRepositoryUsage } from "../../shared/catalog/usage.ts";
import type { RegistryName, RepositoryName } from "../../shared/domain/name.ts";
import { openLocalPorts } from "../../shared/local/open.ts";
import type { Ports } from "../../shared/ports/ports.ts";
import { deleteRepository } from "../../shared/registry/delete-repository.ts";
import type { Comparison } from "../comparison.ts";
import { countingPorts, noCalls } from "../counting-ports.ts";
import { pushImage } from "../image.ts";
import { peakMegabytes } from "../memory.ts";
import type { Bench } from "../part.ts";
import { summarize } from "../statistics.ts";
import { fill } from "../tags.ts";
import { exchange, expectStatus } from "../wire.ts";

const few = 1_000;
const many = 1_000_000;
const small = "bench/few" as RepositoryName;
const large = "bench/many" as RepositoryName;
const other = "bench/other";
const purgeMillisMax = 900_000;
const pullsIdle = 2_000;
/** ms between two pulls while the purge is under way. */
const pullEveryMillis = 5;
const graces = {
  REQUEST_SECONDS: "1",
  LEASE_SECONDS: "20",
  PURGE_SECONDS: "1",
  CLOCK_SKEW_SECONDS: "0",
  SWEEP_SECONDS: "1",
};

/**
 * Deletes a repository of 1,000,000 tags: what that asks of the documents beside one of 1,000, and the purge afterwards, in a registry that
 * answers pulls meanwhile.
 */
export async function measureLargeRepository(bench: Bench): Promise<Comparison[]> {
  const dataDir = join(bench.folder, "large");
  await fill(dataDir, small, few);
  await fill(dataDir, large, many);
  const partition = await deleteBoth(bench, dataDir);
  const log = join(bench.folder, "0", "log");
  const registry = await bench.startPortolan({ ...graces, DATA_DIR: dataDir });
  const { digest } = await pushImage(registry.port, other, "latest", 2);
  const target = `/v2/${other}/manifests/${digest}`;
  const startedAt = performance.now();
  const busy: number[] = [];
  for (; purged(log) < 2; await sleep(pullEveryMillis)) {
    busy.push(await pull(registry.port, target));
    if (performance.now() - startedAt > purgeMillisMax) throw new Error("the purge did not end");
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const idle: number[] = [];
  for (let count = 0; count < pullsIdle; count++) {
    idle.push(await pull(registry.port, target));
    await sleep(pullEveryMillis);
  }
  const peak = peakMegabytes(registry);
  await registry.stop();
  await demandNothing(dataDir, partition);
  bench.print(`both were gone ${seconds.toFixed(1)} s after a start: events counted, then purged`);
  bench.print(
    `p99 of a pull: ${percentile(busy, 0.99).toFixed(2)} ms, then ${percentile(idle, 0.99).toFixed(2)}`,
  );
  bench.detail({ seconds, peak, busy: summarize(busy), idle: summarize(idle) });
  const measured = { label: "during the purge", rounds: [percentile(busy, 0.5)] };
  const reference = { label: "after it", rounds: [percentile(idle, 0.5)] };
  return [
    {
      what: "GET of a manifest by digest, median",
      unit: "ms",
      measured,
      reference,
      target: { kind: "times-at-most", times: 2 },
    },
    {
      what: "peak memory, all events counted and 1,000,000 tags purged",
      unit: "MB",
      measured: { label: "portolan", rounds: [peak] },
      target: { kind: "below", value: 300 },
    },
  ];
}

/** @returns the partition of what the large one had @throws Error when its deletion costs more than that of the small one */
async function deleteBoth(bench: Bench, dataDir: string): Promise<string> {
  const { ports, close } = await openLocalPorts(dataDir);
  try {
    const document = await ensureRegistry(ports, "local" as RegistryName, { sparseManifests: false });
    const found = await findRepository(ports, document, large);
    if (found === undefined) throw new Error(`${large} was made`);
    const costs = [
      await deleteOne(bench, ports, document, small),
      await deleteOne(bench, ports, document, large),
    ];
    if (costs[0] !== costs[1]) throw new Error(`${costs[0]} for ${few} tags, ${costs[1]} for ${many}`);
    return found.partition;
  } finally {
    await close();
  }
}

async function deleteOne(
  bench: Bench,
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<string> {
  const calls = noCalls();
  const startedAt = performance.now();
  await deleteRepository(
    countingPorts(ports, () => calls),
    registry,
    name,
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const { documentReads, documentLists, commits, operations } = calls;
  const cost = `${documentReads} reads, ${documentLists} lists, ${commits} commits of ${operations} documents`;
  bench.print(`${name} deleted: ${cost}, ${seconds.toFixed(3)} s`);
  bench.detail({ name, ...calls, seconds });
  return cost;
}

/** @returns ms */
async function pull(port: number, target: string): Promise<number> {
  const startedAt = performance.now();
  expectStatus(200, await exchange({ port, method: "GET", target }));
  return performance.now() - startedAt;
}

/** Generations that collection says are gone. */
function purged(log: string): number {
  return [...readFileSync(log, "utf8").matchAll(/"work":"collection".*?"generations":(\d+)/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

function percentile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? Number.NaN;
}

async function demandNothing(dataDir: string, partition: string): Promise<void> {
  const { ports, close } = await openLocalPorts(dataDir);
  try {
    const registry = await ensureRegistry(ports, "local" as RegistryName, { sparseManifests: false });
    const { rid } = registry;
    const { usages } = await listRepositoryUsage(ports, rid, undefined, 1_000);
    const deleted = await ports.documents.list(partitions.deleted(rid), { by: "id", limit: 1, fresh: true });
    const content = await ports.documents.list(partition, { by: "id", limit: 1, fresh: true });
    const left = {
      content: content.documents.length,
      header: await readHeader(ports, registry, large),
      entry: await readEntry(ports, rid, large),
      generations: (await listLeftGenerations(ports, registry, large)).length,
      index: deleted.documents.length,
      figures: usages.filter(({ repository, figures }) => repository === large && figures.tags > 0).length,
    };
    const rest = Object.entries(left).filter(([, value]) => value !== undefined && value !== 0);
    if (rest.length > 0) throw new Error(`something is left: ${JSON.stringify(rest)}`);
  } finally {
    await close();
  }
}
