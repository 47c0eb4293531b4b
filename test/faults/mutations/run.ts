/**
 * Checks the schedules: each mutation makes the code wrong in one way, in a copy, and a schedule has to fail there. Those that are listed
 * as harmless have to survive, and so has the code as it is. `npm run test:mutations -- lease edges` runs those that are named so;
 * `MUTATION_SECONDS` is how long a mutation is looked for.
 */
import { availableParallelism } from "node:os";
import { collectionMutations } from "./collection-mutations.ts";
import { deletionMutations } from "./deletion-mutations.ts";
import { runMutated } from "./mutated-copy.ts";
import type { Mutation } from "./mutation.ts";

const seconds = Number(process.env["MUTATION_SECONDS"] ?? 90);
const unchanged: Mutation = { name: "the code as it is", edits: [], survives: "it is right" };

/** Runs one and prints its row. @returns whether it is as it has to be */
async function check({ name, edits, survives, gap }: Mutation): Promise<boolean> {
  const { seeds, found, wrong } = await runMutated(edits, seconds).then(
    (run) => ({ ...run, wrong: undefined }),
    (error: unknown) => ({ seeds: 0, found: undefined, wrong: String(error) }),
  );
  if (wrong !== undefined) {
    process.stdout.write(`BAD  ${name}: ${wrong}\n`);
    return false;
  }
  const right = gap !== undefined || (found === undefined) === (survives !== undefined);
  const why = survives === undefined ? "" : `, as it should: ${survives}`;
  if (gap !== undefined && found === undefined) {
    process.stdout.write(`gap  ${String(seeds).padStart(5)} seeds  ${name}: survives; ${gap}\n`);
    return true;
  }
  const told = found?.slice(0, 120) ?? `survives${right ? why : ""}`;
  process.stdout.write(`${right ? "ok  " : "BAD "} ${String(seeds).padStart(5)} seeds  ${name}: ${told}\n`);
  return right;
}

async function main(names: readonly string[]): Promise<number> {
  const all = [unchanged, ...collectionMutations, ...deletionMutations];
  const chosen = all.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
  const next = chosen.values();
  let wrong = 0;
  const lane = async () => {
    for (const mutation of next) if (!(await check(mutation))) wrong += 1;
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  process.stdout.write(`${chosen.length - wrong} passed, ${wrong} failed\n`);
  return chosen.length > 0 && wrong === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
