/**
 * Runs the OCI distribution spec's conformance program against the built registry: every version of the spec that it
 * knows, with manifests whose children are absent; and once more under the default policy, which refuses those.
 * Exits 0 only when every test of every run passed, none failed and none was skipped.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegistry } from "../support/registry-process.ts";
import { findProgram, howToGetIt } from "./program.ts";
import { type Expectation, judge, type Verdict } from "./results.ts";

/** Minutes that one run of the program may take; it needs seconds. */
const runMillisMax = 5 * 60_000;

interface Run extends Expectation {
  readonly name: string;
  /** OCI_VERSION. */
  readonly version: "1.0" | "1.1" | "dev";
  /** Whether the registry takes manifests whose children are absent, and the program pushes some. */
  readonly sparse: boolean;
}

const runs: readonly Run[] = [
  { name: "1.0", version: "1.0", sparse: true, totalMin: 904, disabledMax: 8 },
  { name: "1.1", version: "1.1", sparse: true, totalMin: 908, disabledMax: 2 },
  { name: "dev", version: "dev", sparse: true, totalMin: 1032, disabledMax: 0 },
  { name: "dev, default policy", version: "dev", sparse: false, totalMin: 986, disabledMax: 0 },
];

async function main(): Promise<number> {
  const program = findProgram();
  if (program === undefined) {
    console.error(howToGetIt);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), "portolan-conformance-"));
  const verdicts: [Run, Verdict][] = [];
  for (const sparse of [true, false]) {
    verdicts.push(...(await againstOneRegistry(program, folder, sparse)));
  }
  print(verdicts);
  const sound = verdicts.every(([, verdict]) => verdict.complaints.length === 0);
  if (sound) rmSync(folder, { recursive: true, force: true });
  else console.log(`\nresults and logs: ${folder}`);
  const counts = verdicts.map(([, verdict]) => verdict.counts);
  const sum = (pick: "pass" | "fail" | "skip"): number => counts.reduce((all, one) => all + one[pick], 0);
  const unsound = verdicts.filter(
    ([
      ,
      {
        complaints,
        counts: { fail },
      },
    ]) => complaints.length > 0 && fail === 0,
  );
  console.log(`\n${sum("pass")} passed, ${sum("fail") + unsound.length} failed, ${sum("skip")} skipped`);
  return sound ? 0 : 1;
}

async function againstOneRegistry(
  program: string,
  folder: string,
  sparse: boolean,
): Promise<[Run, Verdict][]> {
  const home = join(folder, sparse ? "sparse" : "default");
  mkdirSync(home);
  const registry = await startRegistry({
    folder: home,
    environment: sparse ? { SPARSE_MANIFESTS: "true" } : {},
  });
  const verdicts: [Run, Verdict][] = [];
  for (const run of runs.filter((one) => one.sparse === sparse)) {
    const results = join(home, `results-${run.version}`);
    await runProgram(program, run, registry.host, results);
    verdicts.push([run, judge(results, run)]);
  }
  await registry.stop();
  return verdicts;
}

/** Its exit code is not asked: it exits 0 where it could not even start, and the results tell the rest. */
async function runProgram(program: string, run: Run, registry: string, results: string): Promise<void> {
  const output = openSync(`${results}.log`, "w");
  const child = spawn(program, {
    env: {
      ...environmentWithout("OCI_"),
      OCI_REGISTRY: registry,
      OCI_TLS: "disabled",
      OCI_VERSION: run.version,
      OCI_DATA_SPARSE: String(run.sparse),
      OCI_REPO1: `conformance/${run.version}/first`,
      OCI_REPO2: `conformance/${run.version}/second`,
      OCI_RESULTS_DIR: results,
    },
    stdio: ["ignore", output, output],
    timeout: runMillisMax,
    killSignal: "SIGKILL",
  });
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  closeSync(output);
}

/** A variable that somebody's shell still holds must not switch tests off. */
function environmentWithout(prefix: string): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith(prefix)));
}

function print(verdicts: readonly [Run, Verdict][]): void {
  const columns = ["pass", "skip", "fail", "disabled", "total"] as const;
  console.log(`${"spec version".padEnd(22)}${columns.map((name) => name.padStart(10)).join("")}`);
  for (const [run, { counts }] of verdicts) {
    console.log(`${run.name.padEnd(22)}${columns.map((name) => String(counts[name]).padStart(10)).join("")}`);
  }
  for (const [run, { complaints }] of verdicts) {
    for (const complaint of complaints) console.log(`${run.name}: ${complaint}`);
  }
}

process.exitCode = await main();
