import { randomBytes } from "node:crypto";
import { holdBlob } from "../../shared/catalog/blobs.ts";
import { partitions } from "../../shared/catalog/keys.ts";
import { ensureRegistry } from "../../shared/catalog/registries.ts";
import { ensureRepository } from "../../shared/catalog/repositories.ts";
import { readBlob } from "../../shared/catalog/shards.ts";
import { askForSweep } from "../../shared/catalog/sweeps.ts";
import { readConfig } from "../../shared/config.ts";
import type { Digest } from "../../shared/domain/digest.ts";
import { digestBytes } from "../../shared/domain/hash.ts";
import type { RegistryName, RepositoryName } from "../../shared/domain/name.ts";
import { type Place, placeName } from "../../shared/domain/place.ts";
import { openPorts } from "../../shared/open-ports.ts";
import type { Ports } from "../../shared/ports/ports.ts";
import { createLog } from "../../shared/telemetry/log.ts";
import { collect } from "../../shared/upkeep/collection/collect.ts";
import { startAzureEmulators } from "../../test/support/azure-emulators.ts";
import type { Comparison } from "../comparison.ts";
import type { Bench } from "../part.ts";

/** On the emulators fewer: that of Cosmos DB looks at all its documents for each range read. */
const blobsOn = { local: 3_000, azure: 1_000 } as const;
const blobBytes = 4_096;
const pushesAtOnce = 16;
/** Runs of collection after which it is stuck. */
const runsMax = 100;
const requestMillis = 3_600_000;
/** What users of Harbor report of its collection on Azure Blob Storage. */
const harborBlobsAMinute = 300;

interface Pushed {
  readonly digest: Digest;
  readonly place: Place;
}

/**
 * How many blobs a minute collection reclaims that no manifest needs: from the look at their links until neither bytes nor documents
 * are there. It runs in this process, with a clock that is set ahead where it would have to wait for leases and requests.
 */
export async function measureReclaim(bench: Bench): Promise<Comparison[]> {
  const local = { DATA_DIR: `${bench.folder}/reclaim` };
  const comparisons = [await reclaimOn(bench, "this machine's disk", blobsOn.local, local)];
  const emulators = await startAzureEmulators();
  try {
    comparisons.push(
      await reclaimOn(bench, "emulators of Azure's services", blobsOn.azure, emulators.environment),
    );
  } finally {
    await emulators.stop();
  }
  return comparisons;
}

async function reclaimOn(
  bench: Bench,
  label: string,
  blobs: number,
  environment: Readonly<Record<string, string>>,
): Promise<Comparison> {
  const rounds: number[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    // Fresh names of blobs each time; the registry is the same.
    const config = readConfig({ ...environment });
    const { ports: opened, close } = await openPorts(config);
    try {
      let ahead = 0;
      const ports: Ports = { ...opened, clock: { now: () => Date.now() + ahead } };
      const pushed = await pushUnneeded(ports, blobs);
      const { graces } = config;
      ahead = (graces.leaseSeconds + 2 * graces.skewSeconds) * 1000;
      const startedAt = performance.now();
      const runs = await collectAll(ports, blobs, () => {
        ahead += requestMillis + 1;
      });
      const minutes = (performance.now() - startedAt) / 60_000;
      await demandGone(ports, pushed);
      rounds.push(blobs / minutes);
      bench.detail({ label, blobs, seconds: minutes * 60, runs });
    } finally {
      await close();
    }
  }
  return {
    what: `blobs reclaimed on ${label}`,
    unit: "blobs/min",
    measured: { label: "portolan", rounds },
    target: { kind: "above", value: harborBlobsAMinute },
  };
}

const registryName = "local" as RegistryName;
const repositoryName = "bench/unneeded" as RepositoryName;

async function pushUnneeded(ports: Ports, blobs: number): Promise<Pushed[]> {
  const registry = await ensureRegistry(ports, registryName, { sparseManifests: false });
  const repository = await ensureRepository(ports, registry, repositoryName);
  const pushed: Pushed[] = [];
  const pushOne = async () => {
    const bytes = randomBytes(blobBytes);
    const digest = digestBytes("sha256", bytes);
    const place = { ...registry.storage, name: placeName(Date.now(), ports.ids.ulid()) };
    pushed.push({ digest, place });
    await ports.blobs.put(place, bytes, {
      registry: registryName,
      repository: repositoryName,
      digest,
      size: bytes.length,
    });
    await holdBlob(ports, repository, digest, { place, size: bytes.length }, "blob-push");
  };
  let next = 0;
  const worker = async () => {
    while (next++ < blobs) await pushOne();
  };
  await Promise.all(Array.from({ length: pushesAtOnce }, worker));
  // As the event consumer would.
  await askForSweep(ports, registry.rid, repositoryName, Date.now());
  return pushed;
}

/** @param waitForRequests is called when bytes wait for requests that may be reading them @returns how many runs it took */
async function collectAll(ports: Ports, blobs: number, waitForRequests: () => void): Promise<number> {
  const log = createLog("error", (lines) => process.stderr.write(lines));
  let places = 0;
  let condemned = 0;
  for (let runs = 1; runs <= runsMax; runs++) {
    const done = await collect(ports, log);
    places += done.places;
    condemned += done.condemned;
    if (places >= blobs) return runs;
    if (condemned >= blobs && done.places === 0) waitForRequests();
  }
  throw new Error(`${condemned} blobs were condemned and ${places} reclaimed in ${runsMax} runs`);
}

async function demandGone(ports: Ports, pushed: readonly Pushed[]): Promise<void> {
  const { rid } = await ensureRegistry(ports, registryName, { sparseManifests: false });
  for (const { digest, place } of pushed) {
    if ((await readBlob(ports, partitions.shard(rid, digest), digest)) !== undefined)
      throw new Error(`the document of ${digest} is still there`);
    if ((await ports.blobs.open(place, 0, blobBytes - 1)) !== undefined)
      throw new Error(`the bytes of ${digest} are still there`);
  }
}
