import { expect, it } from "vitest";
import { finishManifestDeletion } from "../../../shared/catalog/manifest-deletion.ts";
import { ensureRepository } from "../../../shared/catalog/repositories.ts";
import { pullManifest, pushManifest, removeManifest } from "./clients.ts";
import { brokenInvariants } from "./invariants.ts";
import { repositories, tags, wide } from "./samples.ts";
import type { Weather } from "./scheduler.ts";
import { newSimulation } from "./simulation.ts";

const only = process.env["FAULT_SEED"];
const seeds = only === undefined ? Array.from({ length: 150 }, (_, index) => index) : [Number(only)];

const weathers: readonly Weather[] = [
  { name: "calm", lost: 0, refused: 0, prefix: 0, crash: 0 },
  { name: "losing replies", lost: 20, refused: 20, prefix: 0, crash: 0 },
  { name: "crashing", lost: 0, refused: 0, prefix: 0, crash: 3 },
];

/** Pushes and deletions of a manifest whose edges do not fit into its commit. */
async function problemsOf(seed: number): Promise<string[]> {
  const weather = weathers[seed % weathers.length];
  const [name] = repositories;
  if (weather === undefined || name === undefined) throw new Error(`not a seed: ${seed}`);
  const simulation = await newSimulation(seed, weather, { sparseManifests: true });
  const { ports, registry, scheduler, random, history, surprises } = simulation;
  const repository = await ensureRepository(ports, registry, name);
  const clients = Array.from({ length: 3 }, async () => {
    for (let request = 0; request < 3; request++) {
      if (random(2) === 0) await pushManifest(simulation, name, wide, tags.slice(0, random(2)));
      else await removeManifest(simulation, name, wide);
    }
  });
  await scheduler.run(Promise.all(clients), () => {});
  scheduler.calm();
  await finishManifestDeletion(ports, repository, wide.digest);
  await pullManifest(simulation, name, { digest: wide.digest });
  return [...surprises, ...history.problems(), ...brokenInvariants(simulation)];
}

it("keeps every edge of a manifest that has more children than a commit has room for", async () => {
  for (const seed of seeds) {
    const problems = await problemsOf(seed);
    if (problems.length > 0) expect.fail([`FAULT_SEED=${seed}`, ...problems].join("\n"));
  }
}, 600_000);
