import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Mutation, mutate } from "./mutation.ts";
import type { Run } from "./run-seeds.ts";

const project = join(import.meta.dirname, "../../..");
const copied = ["shared", "test/faults/schedules", "test/faults/mutations", "package.json"];
/** Beyond the time that it is given: a schedule that does not end is a finding as well. */
const graceMillis = 30_000;

const exec = promisify(execFile);

/** Runs schedules on a copy of the code that is wrong in that way, until one fails or the time is over. @throws Error when a text is not there */
export async function runMutated(edits: Mutation["edits"], seconds: number): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), "portolan-mutated-"));
  try {
    for (const path of copied) await cp(join(project, path), join(folder, path), { recursive: true });
    await symlink(join(project, "node_modules"), join(folder, "node_modules"));
    for (const edit of edits) {
      const path = join(folder, edit.file);
      await writeFile(path, mutate(await readFile(path, "utf8"), edit));
    }
    return await runSeeds(join(folder, "test/faults/mutations/run-seeds.ts"), seconds);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function runSeeds(program: string, seconds: number): Promise<Run> {
  const options = { timeout: seconds * 1000 + graceMillis, killSignal: "SIGKILL" } as const;
  try {
    const { stdout } = await exec(process.execPath, [program, String(seconds)], options);
    return JSON.parse(stdout) as Run;
  } catch (error) {
    const { killed, stderr = "" } = error as { killed?: boolean; stderr?: string };
    // Code that cannot even be loaded is no finding.
    if (killed !== true)
      throw new Error(`the copy does not run: ${stderr.slice(0, 2_000)}`, { cause: error });
    return { seeds: 0, found: "a schedule does not come to its end" };
  }
}
