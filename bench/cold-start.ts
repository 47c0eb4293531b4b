import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type AzureEmulators, startAzureEmulators } from "../test/support/azure-emulators.ts";
import type { Comparison } from "./comparison.ts";
import { pushImage } from "./image.ts";
import type { ColdStart } from "./load-doors.ts";
import { type Bench, inTurn } from "./part.ts";

const repository = "bench/cold";
const doorsMillisMax = 300;
const program = join(import.meta.dirname, "load-doors.ts");
const run = promisify(execFile);

const dist = join(import.meta.dirname, "../dist");
const applications = [
  { label: "the bundle", main: join(dist, "app/functions/main.js") },
  { label: "not bundled", main: join(dist, "functions/main.js") },
] as const;

/**
 * Fresh processes that load the doors, of the bundle and of what the compiler leaves; and what the first request on emulators of
 * Azure's services then waits for, beside the second one. A fresh process has files in the page cache, as a warm machine has.
 */
export async function measureColdStart(bench: Bench): Promise<Comparison[]> {
  bench.print(`the bundle without its source maps: ${(bundleBytes() / 1e6).toFixed(1)} MB`);
  const loads = await inTurn(
    applications,
    bench.rounds,
    async ({ main }) => (await coldStart(main, [], {})).doors,
  );
  const comparisons = [sides("doors loaded", loads, { kind: "below", value: doorsMillisMax })];
  const emulators = await startAzureEmulators();
  try {
    comparisons.push(...(await measureRequests(bench, emulators)));
  } finally {
    await emulators.stop();
  }
  return comparisons;
}

async function measureRequests(bench: Bench, { environment }: AzureEmulators): Promise<Comparison[]> {
  const registry = await bench.startPortolan(environment);
  await pushImage(registry.port, repository, "latest", 1);
  await registry.stop();
  const target = `/v2/${repository}/manifests/latest`;
  const second = applications.map(({ label }) => ({ label, rounds: [] as number[] }));
  const first = await inTurn(applications, bench.rounds, async ({ main, label }) => {
    const { requests } = await coldStart(main, [target, target], environment);
    const [cold, warm] = requests;
    if (cold === undefined || warm === undefined) throw new Error("two requests were sent");
    second.find((sample) => sample.label === label)?.rounds.push(warm);
    return cold;
  });
  return [
    sides("first request, a manifest by tag, on the emulators", first),
    // The round that warms up counts here as little as there.
    sides(
      "the same once more",
      second.map(({ label, rounds }) => ({ label, rounds: rounds.slice(1) })),
    ),
  ];
}

function sides(
  what: string,
  [measured, reference]: readonly Comparison["measured"][],
  target?: Comparison["target"],
): Comparison {
  if (measured === undefined || reference === undefined) throw new Error("two applications were measured");
  return { what, unit: "ms", measured, reference, ...(target === undefined ? {} : { target }) };
}

async function coldStart(
  main: string,
  targets: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ColdStart> {
  const env = { ...process.env, LOG_LEVEL: "silent", ...environment };
  const { stdout } = await run(process.execPath, [program, pathToFileURL(main).href, ...targets], { env });
  return JSON.parse(stdout) as ColdStart;
}

function bundleBytes(): number {
  const folder = join(dist, "app");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js"))
    .reduce((bytes, path) => bytes + statSync(join(folder, path)).size, 0);
}
