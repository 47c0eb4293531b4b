/**
 * Runs the OCI distribution spec's conformance program against the built registry: every version of the spec that it
 * knows, with manifests whose children are absent; and once more under the default policy, which refuses those.
 * `--store azure` runs it on emulators of Azure's services, and `--through functions` behind the library's own invocation model and
 * stream proxy. `--program bundle` takes what is deployed in the place of what the compiler leaves, unpacked in an empty folder.
 * `--collecting` has the registry collect all the time, and asks that it did. With `--auth` the registry wants to know
 * who is calling, and the program logs in with a token that may do what it does in its two repositories, and nothing else. Exits 0
 * only when every test of every run passed, none failed and none was skipped.
 */
import { spawn } from "node:child_process";
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openFunctionsRuntime } from "../protocol/harness/functions-runtime.ts";
import { startAzureEmulators } from "../support/azure-emulators.ts";
import { collectingSettings, complainOf, describeCollected, readCollected } from "../support/collecting.ts";
import { addToken, type Login } from "../support/registry-access.ts";
import { type RunningRegistry, startRegistry } from "../support/registry-process.ts";
import { unlimitedRates } from "../support/unlimited-tiers.ts";
import { findProgram, howToGetIt } from "./program.ts";
import { type Expectation, judge, type Verdict } from "./results.ts";

/** What is deployed, by `npm run bundle`. */
const bundle = join(import.meta.dirname, "../../dist/app");

/** Minutes that one run of the program may take; it needs seconds. */
const runMillisMax = 5 * 60_000;
/** Seconds with `--collecting`: of a lease, and of a request. */
const collecting = collectingSettings(3, 1);
/** ms for which the runs are then repeated in the same repositories: what one pushed goes while the next pushes it again. */
const collectingMillis = 20_000;

interface Run extends Expectation {
  readonly name: string;
  /** OCI_VERSION. */
  readonly version: "1.0" | "1.1" | "dev";
  /** Whether the registry takes manifests whose children are absent, and the program pushes some. */
  readonly sparse: boolean;
  /**
   * Whether blobs are answered by redirects where the store has signed URLs. The coming version wants Docker-Content-Digest on what a
   * redirect leads to, which Blob Storage does not send.
   */
  readonly redirects: boolean;
}

type Running = Pick<RunningRegistry, "host" | "logFile" | "environment" | "stop">;

const runs: readonly Run[] = [
  { name: "1.0", version: "1.0", sparse: true, redirects: true, totalMin: 904, disabledMax: 8 },
  { name: "1.1", version: "1.1", sparse: true, redirects: true, totalMin: 908, disabledMax: 2 },
  { name: "dev", version: "dev", sparse: true, redirects: false, totalMin: 1032, disabledMax: 0 },
  {
    name: "dev, default policy",
    version: "dev",
    sparse: false,
    redirects: false,
    totalMin: 986,
    disabledMax: 0,
  },
];

const { values: options } = parseArgs({
  options: {
    store: { type: "string", default: "local" },
    through: { type: "string", default: "host" },
    program: { type: "string", default: "compiled" },
    collecting: { type: "boolean", default: false },
    auth: { type: "boolean", default: false },
  },
});

async function main(): Promise<number> {
  const known =
    ["local", "azure"].includes(options.store) &&
    ["host", "functions"].includes(options.through) &&
    ["compiled", "bundle"].includes(options.program);
  // The bundle has no store for this machine.
  if (
    !known ||
    (options.program === "bundle" && options.store !== "azure") ||
    (options.collecting && options.through !== "host")
  ) {
    console.error(
      "usage: npm run test:conformance -- [--store local | --store azure [--program compiled|bundle]] " +
        "[--through host|functions | --collecting] [--auth]",
    );
    return 2;
  }
  const program = findProgram();
  if (program === undefined) {
    console.error(howToGetIt);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), "portolan-conformance-"));
  const verdicts: [Run, Verdict][] = [];
  for (const [index, group] of groups().entries()) {
    verdicts.push(...(await againstOneRegistry(program, join(folder, String(index)), group)));
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

/** Runs that ask the same of a registry share one. */
function groups(): Run[][] {
  const settings = ({ sparse, redirects }: Run) => `${sparse} ${redirects}`;
  return [...new Set(runs.map(settings))].map((wanted) => runs.filter((run) => settings(run) === wanted));
}

async function againstOneRegistry(
  program: string,
  home: string,
  group: readonly Run[],
): Promise<[Run, Verdict][]> {
  mkdirSync(home);
  const registry = await openRegistry(home, {
    DATA_DIR: join(home, "data"),
    SPARSE_MANIFESTS: String(group[0]?.sparse ?? false),
    SERVE_THROUGH: String(group[0]?.redirects !== true),
    ...(options.collecting ? collecting : {}),
    ...(options.auth ? { AUTH: "true", KEY_FILE: join(home, "keys.json"), TIERS: unlimitedRates } : {}),
  });
  const login = options.auth ? await logInFor(registry) : undefined;
  const verdicts: [Run, Verdict][] = [];
  const until = Date.now() + (options.collecting ? collectingMillis : 0);
  do {
    for (const run of group) {
      const results = join(home, `results-${verdicts.length}`);
      await runProgram(program, run, { ...registry, results, login });
      verdicts.push([run, judge(results, run)]);
    }
  } while (Date.now() < until);
  const idle = options.collecting ? complainOfCollection(registry) : [];
  await registry.stop();
  return verdicts.map(([run, { counts, complaints }]) => [
    run,
    { counts, complaints: [...complaints, ...idle] },
  ]);
}

/** The least that the program can do with: it reads, writes and deletes in its repositories. */
async function logInFor({ host, environment }: Running): Promise<Login> {
  if (environment === undefined) throw new Error("--auth needs a registry that is started here");
  // Behind Functions the registry opens its stores at the first request.
  await fetch(`http://${host}/v2/`);
  const content = ["read", "write", "delete"].map((what) => `repositories/conformance/*/content/${what}`);
  return await addToken(environment, "conformance", content);
}

function complainOfCollection({ logFile }: Pick<RunningRegistry, "logFile">): string[] {
  const collected = readCollected(logFile);
  console.log(describeCollected(collected));
  const complaint = complainOf(collected);
  return complaint === undefined ? [] : [complaint];
}

async function openRegistry(folder: string, environment: Readonly<Record<string, string>>): Promise<Running> {
  const store = options.store === "azure" ? "azure" : "local";
  const program = options.program === "bundle" ? "bundle" : "compiled";
  if (options.through === "host") {
    if (program === "compiled") return await startRegistry({ folder, store, environment });
    const unpacked = join(folder, "app");
    cpSync(bundle, unpacked, { recursive: true });
    return await startRegistry({ folder, store, environment, program, unpacked });
  }
  const emulators = store === "azure" ? await startAzureEmulators() : undefined;
  const settings = { ...emulators?.environment, ...environment };
  const runtime = await openFunctionsRuntime(
    { application: program === "bundle" ? "the bundle's" : "the project's", guard: true },
    settings,
  );
  return {
    host: `127.0.0.1:${runtime.port}`,
    logFile: undefined,
    environment: settings,
    stop: async () => {
      await runtime.close();
      await emulators?.stop();
    },
  };
}

/** Its exit code is not asked: it exits 0 where it could not even start, and the results tell the rest. */
async function runProgram(
  program: string,
  run: Run,
  {
    host,
    results,
    login,
  }: { readonly host: string; readonly results: string; readonly login: Login | undefined },
): Promise<void> {
  const output = openSync(`${results}.log`, "w");
  const child = spawn(program, {
    env: {
      ...environmentWithout("OCI_"),
      // Clients compare names, not ports: under the storage's own name they would send their token on, and rightly.
      OCI_REGISTRY: host.replace("127.0.0.1", "localhost"),
      ...(login && { OCI_USERNAME: login.username, OCI_PASSWORD: login.password }),
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
