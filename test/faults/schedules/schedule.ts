import { findLink } from "../../../shared/catalog/blobs.ts";
import { removeManifest } from "../../../shared/catalog/deletion/remove-manifest.ts";
import { finishManifestDeletion } from "../../../shared/catalog/manifest-deletion.ts";
import { ensureRepository, findRepository } from "../../../shared/catalog/repositories.ts";
import { askForSweep } from "../../../shared/catalog/sweeps.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import type { LifecyclePolicy, LifecycleRule } from "../../../shared/domain/lifecycle.ts";
import { pushBlob } from "../../../shared/registry/uploads/push-blob.ts";
import { writeManifest } from "../../../shared/registry/write-manifest.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { collect } from "../../../shared/upkeep/collection/collect.ts";
import { act, drawFocus, duel, type Focus } from "./actions.ts";
import { endUploads } from "./begun-uploads.ts";
import { lookAtEverything } from "./clients.ts";
import { brokenInvariants } from "./invariants.ts";
import { brokenPulls } from "./pull-image.ts";
import { brokenReclaim } from "./reclaim.ts";
import { blobs, manifests, pushOf, repositories, tags, wholeBody } from "./samples.ts";
import type { Weather } from "./scheduler.ts";
import { codeOf, newSimulation, passingTime, type Simulation } from "./simulation.ts";
import { softDeleteDays } from "./states.ts";

export const weathers: readonly Weather[] = [
  { name: "calm", lost: 0, refused: 0, prefix: 0, crash: 0 },
  { name: "losing replies", lost: 80, refused: 40, prefix: 0, crash: 0 },
  { name: "crashing", lost: 0, refused: 0, prefix: 0, crash: 25 },
  { name: "cutting commits", lost: 0, refused: 0, prefix: 120, crash: 0 },
  { name: "stormy", lost: 40, refused: 40, prefix: 40, crash: 15 },
  { name: "doing things late and twice", lost: 0, refused: 0, prefix: 0, crash: 0, late: 70, twice: 70 },
  { name: "busy", lost: 0, refused: 0, prefix: 0, crash: 0, throttled: 25, blind: 10 },
  {
    name: "all at once",
    lost: 15,
    refused: 15,
    prefix: 0,
    crash: 5,
    late: 30,
    twice: 30,
    throttled: 8,
    blind: 4,
  },
];

/** Rules that want everything that they may have. */
const lifecycle: LifecyclePolicy = {
  rules: [
    rule({ name: "untagged", untagged: true, olderThanDays: 0 }),
    rule({ name: "v1", tags: ["v1"], olderThanDays: 0 }),
  ],
  immutableTags: [],
};

function rule(of: Partial<LifecycleRule> & { readonly name: string }): LifecycleRule {
  return { action: "delete", repositories: ["**"], by: "push", ...of };
}

export interface ScheduleResult {
  readonly problems: readonly string[];
  readonly trace: readonly string[];
  readonly steps: number;
}

/** Runs the schedule of one seed and looks at what it left. The same seed gives the same schedule. */
export async function runSchedule(seed: number, traced = false): Promise<ScheduleResult> {
  const weather = weathers[seed % weathers.length];
  if (weather === undefined) throw new Error(`not a seed: ${seed}`);
  const softDelete = { enabled: true, days: softDeleteDays };
  const soft = Math.floor(seed / weathers.length) % 2 === 0;
  const simulation = await newSimulation(seed, weather, {
    policies: { lifecycle, ...(soft ? { softDelete } : {}) },
    traced,
  });
  const { random, scheduler, history, surprises } = simulation;
  const focus = drawFocus(random);
  await setUp(simulation, focus);
  const clients = Array.from({ length: 2 + random(5) }, async (_, client) => {
    if (focus.duel) {
      await duel(simulation, focus, client);
      return;
    }
    const requests = 1 + random(4);
    for (let request = 0; request < requests; request++) await act(simulation, focus);
  });
  await scheduler.run(Promise.all(clients), passingTime(simulation));
  scheduler.calm();
  await lookAtEverything(simulation, repositories);
  await endUploads(simulation);
  await finishDeletions(simulation);
  await lookAtEverything(simulation, repositories);
  const problems = [
    ...surprises,
    ...history.problems(),
    ...brokenPulls(simulation),
    ...brokenInvariants(simulation),
    ...(await brokenReclaim(simulation)),
  ];
  return { problems, trace: scheduler.trace ?? [], steps: scheduler.step };
}

/** Some content from a day ago, so that its leases have just ended, end soon, or hold for some time. */
async function setUp(simulation: Simulation, focus: Focus): Promise<void> {
  if (focus.duel) {
    await setUpDuel(simulation, focus);
    return;
  }
  const { random, ports, registry, history, clock } = simulation;
  const gaps = random(3) === 0;
  for (const repository of repositories) {
    if (gaps && random(3) === 0) continue;
    await ensureRepository(ports, registry, repository);
    for (const blob of blobs) {
      const lacks = focus.lacking.includes(repository) && focus.absent.includes(blob);
      if (lacks || (gaps && random(3) === 0)) continue;
      const { digest, bytes } = blob;
      await pushBlob(ports, registry, repository, digest, wholeBody(bytes), undefined);
      history.blobAtStart(repository, digest);
      clock.advance(random(600) * 1_000);
    }
    for (const manifest of manifests) {
      const named = tags.filter(() => random(2) === 0);
      if (random(4) < (focus.manifests.includes(manifest) ? 1 : 3)) continue;
      try {
        await writeManifest(ports, registry, repository, pushOf(manifest, named));
        history.manifestAtStart(repository, manifest, named);
      } catch (error) {
        if (codeOf({ kind: "error", error }) !== "MANIFEST_BLOB_UNKNOWN") throw error;
      }
    }
  }
  clock.advance((usualGraces.leaseSeconds - usualGraces.requestSeconds + random(5_400) - 1_800) * 1_000);
  const past = random(3);
  if (past === 0) await condemnSome(simulation);
  // All leases are over: what no manifest needs is taken unless somebody relies on it anew.
  if (past === 1) clock.advance(2 * usualGraces.requestSeconds * 1_000);
}

async function setUpDuel({ ports, registry, history, clock }: Simulation, focus: Focus): Promise<void> {
  const [repository] = repositories;
  for (const { digest, bytes } of focus.blobs) {
    if (repository === undefined) continue;
    await pushBlob(ports, registry, repository, digest, wholeBody(bytes), undefined);
    history.blobAtStart(repository, digest);
  }
  clock.advance((usualGraces.leaseSeconds + 2 * usualGraces.requestSeconds) * 1_000);
}

/** Some of it has been deleted and collected of late, so that its bytes may go any time now. */
async function condemnSome({ random, clock, ports, registry, history }: Simulation): Promise<void> {
  clock.advance(2 * usualGraces.requestSeconds * 1_000);
  for (const name of repositories) {
    const repository = await findRepository(ports, registry, name);
    if (repository === undefined) continue;
    for (const { digest } of manifests) {
      if (random(2) === 0 && (await removeManifest(ports, repository, digest))) {
        history.manifestGoneAtStart(name, digest);
      }
    }
    await askForSweep(ports, registry.rid, name, ports.clock.now());
    await collect(
      ports,
      createLog("silent", () => {}),
    );
    for (const { digest } of blobs) {
      if ((await findLink(ports, repository, digest)) === undefined) history.blobGoneAtStart(name, digest);
    }
  }
  clock.advance((usualGraces.requestSeconds + random(1_200) - 900) * 1_000);
}

/** A deletion that was cut short is finished by whoever meets it. */
async function finishDeletions({ ports, registry }: Simulation): Promise<void> {
  for (const name of repositories) {
    const repository = await findRepository(ports, registry, name);
    if (repository === undefined) continue;
    for (const { digest } of manifests) await finishManifestDeletion(ports, repository, digest);
  }
}
