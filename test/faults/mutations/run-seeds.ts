import { runSchedule } from "../schedules/schedule.ts";

// A program, run in a copy of the code that is wrong in some way: runs seed after seed for so many seconds, until one fails.

/** How many seeds were run, and what the last of them found, if it found something. */
export interface Run {
  readonly seeds: number;
  readonly found: string | undefined;
}

async function run(seconds: number): Promise<Run> {
  const until = performance.now() + seconds * 1000;
  for (let seed = 0; ; seed++) {
    const found = await firstProblem(seed);
    if (found !== undefined) return { seeds: seed + 1, found };
    if (performance.now() > until) return { seeds: seed + 1, found };
  }
}

async function firstProblem(seed: number): Promise<string | undefined> {
  try {
    return (await runSchedule(seed)).problems[0]?.split("\n", 1)[0];
  } catch (error) {
    return String(error).split("\n", 1)[0];
  }
}

const [, program, seconds] = process.argv;
if (program === import.meta.filename && seconds !== undefined) {
  process.stdout.write(JSON.stringify(await run(Number(seconds))));
}
