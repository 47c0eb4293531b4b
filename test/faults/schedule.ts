import { finishManifestDeletion } from "../../shared/catalog/manifest-deletion.ts";
import { ensureRepository, findRepository } from "../../shared/catalog/repositories.ts";
import { limits } from "../../shared/domain/limits.ts";
import type { RepositoryName } from "../../shared/domain/name.ts";
import type { Random } from "../../shared/memory/random.ts";
import { pushBlob } from "../../shared/registry/push-blob.ts";
import { writeManifest } from "../../shared/registry/write-manifest.ts";
import {
  browse,
  lookAtEverything,
  mount,
  pullBlob,
  pullManifest,
  pushManifest,
  removeBlob,
  removeManifest,
  removeTag,
} from "./clients.ts";
import { collect } from "./collector.ts";
import { brokenInvariants } from "./invariants.ts";
import { blobs, manifests, pushOf, repositories, tags } from "./samples.ts";
import type { Weather } from "./scheduler.ts";
import { newSimulation, passingTime, type Simulation } from "./simulation.ts";
import { pushAndCancel, pushForged, pushInParts, pushRacing, pushWhole } from "./uploads.ts";

export const weathers: readonly Weather[] = [
  { name: "calm", lost: 0, refused: 0, prefix: 0, crash: 0 },
  { name: "losing replies", lost: 80, refused: 40, prefix: 0, crash: 0 },
  { name: "crashing", lost: 0, refused: 0, prefix: 0, crash: 25 },
  { name: "cutting commits", lost: 0, refused: 0, prefix: 120, crash: 0 },
  { name: "stormy", lost: 40, refused: 40, prefix: 40, crash: 15 },
];

export interface ScheduleResult {
  readonly problems: readonly string[];
  readonly trace: readonly string[];
  readonly steps: number;
}

/** Runs the schedule of one seed and looks at what it left. The same seed gives the same schedule. */
export async function runSchedule(seed: number, traced = false): Promise<ScheduleResult> {
  const weather = pick(weathers, (below) => seed % below);
  const simulation = await newSimulation(seed, weather, { traced });
  const { random, scheduler, history, surprises } = simulation;
  await setUp(simulation);
  const clients = Array.from({ length: 2 + random(4) }, async () => {
    const requests = 1 + random(3);
    for (let request = 0; request < requests; request++) await act(simulation);
  });
  await scheduler.run(Promise.all(clients), passingTime(simulation));
  scheduler.calm();
  await finishDeletions(simulation);
  await scheduler.run(lookAtEverything(simulation, repositories), () => {});
  const problems = [...surprises, ...history.problems(), ...brokenInvariants(simulation)];
  return { problems, trace: scheduler.trace ?? [], steps: scheduler.step };
}

/** Some content from a day ago, so that its leases have just ended, end soon, or hold for some time. */
async function setUp(simulation: Simulation): Promise<void> {
  const { random, ports, registry, history, clock } = simulation;
  for (const repository of repositories) {
    if (random(4) === 0) continue;
    await ensureRepository(ports, registry, repository);
    for (const { digest, bytes } of blobs) {
      if (random(4) === 0) continue;
      const body = bodyOf(bytes);
      await pushBlob(ports, registry, repository, digest, body, undefined);
      history.blobAtStart(repository, digest);
      clock.advance(random(600) * 1_000);
    }
    for (const manifest of manifests) {
      const named = tags.filter(() => random(3) === 0);
      if (random(2) === 0) continue;
      try {
        await writeManifest(ports, registry, repository, pushOf(manifest, named));
      } catch {
        // Its children happen not to be there.
        continue;
      }
      history.manifestAtStart(repository, manifest, named);
    }
  }
  clock.advance((limits.leaseSeconds - limits.leaseSecondsLeftMin + random(5_400) - 1_800) * 1_000);
}

function bodyOf(bytes: Buffer) {
  return {
    length: bytes.byteLength,
    async *[Symbol.asyncIterator]() {
      yield bytes;
    },
  };
}

/** One thing that a client does. */
async function act(simulation: Simulation): Promise<void> {
  const { random } = simulation;
  const repository = pick(repositories, random);
  const blob = pick(blobs, random);
  const manifest = pick(manifests, random);
  const named = tags.filter(() => random(2) === 0);
  const action = pick(actions, random);
  await action({ simulation, repository, blob, manifest, named });
}

interface Act {
  readonly simulation: Simulation;
  readonly repository: RepositoryName;
  readonly blob: (typeof blobs)[number];
  readonly manifest: (typeof manifests)[number];
  readonly named: typeof tags;
}

const actions: readonly ((act: Act) => Promise<void>)[] = [
  async ({ simulation, repository, blob }) => await pushWhole(simulation, repository, blob),
  async ({ simulation, repository, blob }) => await pushInParts(simulation, repository, blob, 1),
  async ({ simulation, repository, blob }) => await pushInParts(simulation, repository, blob, 2),
  async ({ simulation, repository, blob }) => await pushRacing(simulation, repository, blob),
  async ({ simulation, repository, blob }) => await pushAndCancel(simulation, repository, blob),
  async ({ simulation, repository, blob }) =>
    await pushForged(simulation, repository, pick(blobs, simulation.random), blob),
  async ({ simulation, repository, blob }) => {
    const from = simulation.random(2) === 0 ? undefined : pick(repositories, simulation.random);
    await mount(simulation, repository, blob, from);
  },
  async ({ simulation, repository, manifest, named }) =>
    await pushManifest(simulation, repository, manifest, named),
  // As a push goes: what is there is not sent again, but relied on.
  async ({ simulation, repository, manifest, named }) => {
    for (const blob of blobs.filter(({ digest }) => manifest.blobs.includes(digest))) {
      await pullBlob(simulation, repository, blob, true);
    }
    await pushManifest(simulation, repository, manifest, named);
  },
  async ({ simulation, repository, manifest }) => await removeManifest(simulation, repository, manifest),
  async ({ simulation, repository }) =>
    await removeTag(simulation, repository, pick(tags, simulation.random)),
  async ({ simulation, repository, blob }) => await removeBlob(simulation, repository, blob),
  async ({ simulation, repository, blob }) =>
    await pullBlob(simulation, repository, blob, simulation.random(2) === 0),
  async ({ simulation, repository, manifest: { digest } }) =>
    await pullManifest(simulation, repository, { digest }),
  async ({ simulation, repository }) =>
    await pullManifest(simulation, repository, { tag: pick(tags, simulation.random) }),
  async ({ simulation, repository }) => await browse(simulation, repository),
  async ({ simulation, repository }) => await collect(simulation, repository),
];

/** A deletion that was cut short is finished by whoever meets it. */
async function finishDeletions({ ports, registry }: Simulation): Promise<void> {
  for (const name of repositories) {
    const repository = await findRepository(ports, registry, name);
    if (repository === undefined) continue;
    for (const { digest } of manifests) await finishManifestDeletion(ports, repository, digest);
  }
}

function pick<T>(from: readonly T[], random: Random): T {
  const picked = from[random(from.length)];
  if (picked === undefined) throw new Error("there is nothing to pick from");
  return picked;
}
