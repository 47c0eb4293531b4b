/**
 * Measures the built registry against Debian's docker-registry on this machine, in one run: `npm run bench`, or
 * `npm run bench -- push pull` for some parts. Prints every figure and writes them to results/bench.json.
 *
 * Exits 0 only when every part was run and every target was met.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureAuthentication } from "./authentication.ts";
import { measureAzure } from "./azure/side-by-side.ts";
import { measureColdStart } from "./cold-start.ts";
import { type Comparison, formatJudged, type Judged, judge } from "./comparison.ts";
import { measureLargeRepository } from "./deletion/large-repository.ts";
import { measureCollectionUnderLoad } from "./deletion/load.ts";
import { measureReclaim } from "./deletion/reclaim.ts";
import { LayerFactory } from "./layer.ts";
import { describeMachine } from "./machine.ts";
import { measureManifests } from "./manifests.ts";
import { measureMemory } from "./memory.ts";
import type { Bench, Part } from "./part.ts";
import { ProgramAbsent } from "./programs.ts";
import { measurePull } from "./pull.ts";
import { measurePush } from "./push.ts";
import { type Registry, startDistribution, startPeer, startPortolan } from "./registry.ts";
import { countRequests } from "./requests.ts";
import { measureSender } from "./sender.ts";
import { measureTags } from "./tags.ts";
import { measureManyRegistries } from "./tenants/many-registries.ts";
import { measureNeighbour } from "./tenants/neighbour.ts";

const root = join(import.meta.dirname, "..");
const defaultRounds = 5;

const parts: Readonly<Record<string, Part>> = {
  sender: measureSender,
  push: measurePush,
  pull: measurePull,
  manifests: measureManifests,
  authentication: measureAuthentication,
  memory: measureMemory,
  tags: measureTags,
  requests: countRequests,
  coldstart: measureColdStart,
  azure: measureAzure,
  collection: measureCollectionUnderLoad,
  reclaim: measureReclaim,
  deletion: measureLargeRepository,
  neighbour: measureNeighbour,
  registries: measureManyRegistries,
};

interface PartResult {
  readonly part: string;
  readonly comparisons: readonly Judged[];
  readonly details: readonly object[];
  /** Why it was not run. */
  readonly skipped?: string;
}

async function main(): Promise<number> {
  const options = { rounds: { type: "string", default: String(defaultRounds) } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const rounds = Number(values.rounds);
  const unknown = positionals.filter((name) => parts[name] === undefined);
  if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
    console.error(`usage: npm run bench -- [${Object.keys(parts).join(" | ")}] ... [--rounds <n>]`);
    return 1;
  }
  const machine = describeMachine();
  for (const [name, value] of Object.entries(machine)) console.log(`${name}: ${value}`);
  const chosen = positionals.length === 0 ? Object.keys(parts) : positionals;
  const results: PartResult[] = [];
  for (const name of chosen) {
    console.log(`\n# ${name}\n`);
    try {
      const details: object[] = [];
      const comparisons = (await runPart(name, rounds, details)).map((comparison) => judge(comparison));
      for (const comparison of comparisons) console.log(formatJudged(comparison));
      results.push({ part: name, comparisons, details });
    } catch (error) {
      if (!(error instanceof ProgramAbsent)) throw error;
      console.log(`SKIPPED: ${error.message}`);
      results.push({ part: name, comparisons: [], details: [], skipped: error.message });
    }
  }
  mkdirSync(join(root, "results"), { recursive: true });
  writeFileSync(join(root, "results/bench.json"), JSON.stringify({ machine, rounds, results }, undefined, 2));
  const missed = results.flatMap((part) => part.comparisons).filter(({ met }) => met === false);
  const skipped = results.filter((part) => part.skipped !== undefined);
  console.log(
    `\n${missed.length} targets missed, ${skipped.length} parts skipped; figures: results/bench.json`,
  );
  return missed.length + skipped.length === 0 ? 0 : 1;
}

async function runPart(name: string, rounds: number, details: object[]): Promise<Comparison[]> {
  const part = parts[name];
  if (part === undefined) throw new Error(`no part ${name}`);
  // Both registries write to the disk that the project is on: a temporary folder may be in memory.
  mkdirSync(join(root, "results"), { recursive: true });
  const folder = mkdtempSync(join(root, "results/bench-"));
  const running: Registry[] = [];
  const own = (): string => join(folder, String(running.length));
  const keep = (registry: Registry): Registry => {
    running.push(registry);
    return registry;
  };
  const bench: Bench = {
    folder,
    layers: new LayerFactory(),
    rounds,
    startPortolan: async (environment, label) => keep(await startPortolan(own(), environment, label)),
    startPeer: async () => keep(await startPeer(own())),
    startDistribution: async (storage, redirect, label) =>
      keep(await startDistribution(own(), storage, redirect, label)),
    print: (line) => console.log(line),
    detail: (figure) => details.push(figure),
  };
  try {
    return await part(bench);
  } finally {
    await Promise.all(running.map((registry) => registry.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
