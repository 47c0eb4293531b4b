import { expect, it } from "vitest";
import { finishManifestDeletion } from "../../../shared/catalog/manifest-deletion.ts";
import { ensureRepository } from "../../../shared/catalog/repositories.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { writeManifest } from "../../../shared/registry/write-manifest.ts";
import { forget, pullManifest, pushManifest, removeManifest, removeTag } from "./clients.ts";
import { brokenInvariants } from "./invariants.ts";
import { pushOf, repositories, tagOf, wide } from "./samples.ts";
import type { Weather } from "./scheduler.ts";
import { newSimulation } from "./simulation.ts";

const only = process.env["FAULT_SEED"];
const seeds = only === undefined ? Array.from({ length: 250 }, (_, index) => index) : [Number(only)];

const weathers: readonly Weather[] = [
  { name: "calm", lost: 0, refused: 0, prefix: 0, crash: 0 },
  { name: "losing replies", lost: 20, refused: 20, prefix: 0, crash: 0 },
  { name: "crashing", lost: 0, refused: 0, prefix: 0, crash: 3 },
  { name: "doing things late and twice", lost: 0, refused: 0, prefix: 0, crash: 0, late: 50, twice: 30 },
  { name: "busy", lost: 0, refused: 0, prefix: 0, crash: 0, throttled: 5 },
];

/** More than one commit of a deletion has room for. */
const many = Array.from({ length: 60 }, (_, number) => tagOf(`t${number}`));

/** Pushes and deletions of a manifest whose edges do not fit into its commit, and whose tags do not when it is deleted. */
async function problemsOf(seed: number): Promise<string[]> {
  const weather = weathers[seed % weathers.length];
  const [name] = repositories;
  if (weather === undefined || name === undefined) throw new Error(`not a seed: ${seed}`);
  const simulation = await newSimulation(seed, weather, { policies: { sparseManifests: true } });
  const { ports, registry, scheduler, random, history, surprises } = simulation;
  const repository = await ensureRepository(ports, registry, name);
  for (let from = 0; from < many.length && seed % 2 === 0; from += limits.tagsPerPutMax) {
    const some = many.slice(from, from + limits.tagsPerPutMax);
    await writeManifest(ports, registry, name, pushOf(wide, some));
    history.manifestAtStart(name, wide, some);
  }
  const clients = Array.from({ length: 3 }, async () => {
    for (let request = 0; request < 3; request++) {
      const at = random(many.length);
      if (random(2) === 0) await pushManifest(simulation, name, wide, many.slice(at, at + random(4)));
      else if (random(4) === 0) await removeTag(simulation, name, many[at] ?? tagOf("t0"));
      else await removeManifest(simulation, name, wide);
    }
  });
  await scheduler.run(Promise.all(clients), () => {});
  scheduler.calm();
  await finishManifestDeletion(ports, repository, wide.digest);
  forget(simulation);
  await pullManifest(simulation, name, { digest: wide.digest });
  for (const tag of many) await pullManifest(simulation, name, { tag });
  return [...surprises, ...history.problems(), ...brokenInvariants(simulation)];
}

it("keeps every edge and tag of a manifest that has more of them than a commit has room for", async () => {
  for (const seed of seeds) {
    const problems = await problemsOf(seed);
    if (problems.length > 0) expect.fail([`FAULT_SEED=${seed}`, ...problems].join("\n"));
  }
}, 600_000);
