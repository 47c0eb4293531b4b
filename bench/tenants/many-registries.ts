import { readFileSync } from "node:fs";
import { openLocalPorts } from "../../shared/local/open.ts";
import { createLog } from "../../shared/telemetry/log.ts";
import { createUpkeep, type TimerName } from "../../shared/upkeep/upkeep.ts";
import type { Comparison } from "../comparison.ts";
import { countingPorts, noCalls } from "../counting-ports.ts";
import type { Bench } from "../part.ts";
import { administratorOf, basic, manage, premium } from "./manager.ts";

const registries = 10_000;
/** Of how many registries each operation is measured, when there are few and when there are many. */
const measured = 100;
const pageItems = 25;
const timers: readonly TimerName[] = ["events", "collection", "retention", "uploads"];

/**
 * Makes, reads, changes, lists and deletes registries by the management API of one process, when there are a hundred and when there are
 * 10,000; and then what each run of upkeep asks of the documents while all of them are idle, and how long it takes.
 */
export async function measureManyRegistries(bench: Bench): Promise<Comparison[]> {
  const registry = await bench.startPortolan({ AUTH: "true" });
  const { port, pid, dataDir } = registry;
  const authorization = basic("administrator", administratorOf(registry.logFile));
  const ask = async (...[method, name, body, parameters]: Asked) =>
    await manage(port, authorization, method, name, body, parameters);
  for (let index = 0; index < measured; index++) await ask("PUT", nameOf(index), premium);
  const few = await measureAt(ask, measured);
  const memoryFew = residentMegabytes(pid);
  for (let index = 2 * measured; index < registries; index++) await ask("PUT", nameOf(index), premium);
  const many = await measureAt(ask, registries);
  bench.print(`memory: ${memoryFew} MB with ${measured}, ${residentMegabytes(pid)} MB with ${registries}`);
  await registry.stop();
  await measureUpkeep(bench, dataDir);
  return [...many].map(([what, rounds]) => ({
    what,
    unit: "ms",
    measured: { label: `of ${registries}`, rounds },
    reference: { label: `of ${measured}`, rounds: few.get(what) ?? [] },
    target: { kind: "times-at-most", times: 1.5 },
  }));
}

type Asked = readonly [method: string, name: string, body?: object, parameters?: string];

function nameOf(index: number): string {
  return `tenant${String(index).padStart(5, "0")}`;
}

/** The times of each operation on the registries from `first` on, which are made and deleted again. */
async function measureAt(
  ask: (...asked: Asked) => Promise<string>,
  first: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>();
  const timed = async (what: string, work: (name: string) => Promise<string>) => {
    const taken: number[] = [];
    for (let index = first; index < first + measured; index++) {
      const startedAt = performance.now();
      await work(nameOf(index));
      taken.push(performance.now() - startedAt);
    }
    times.set(what, taken);
  };
  await timed("create", async (name) => await ask("PUT", name, premium));
  await timed("get", async (name) => await ask("GET", name));
  await timed("change", async (name) => await ask("PATCH", name, { tags: { of: name } }));
  await timed(`list ${pageItems}`, async () => await ask("GET", "", undefined, `&n=${pageItems}`));
  await timed("delete", async (name) => await ask("DELETE", name));
  return times;
}

function residentMegabytes(pid: number): number {
  const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kibibytes) / 1024);
}

async function measureUpkeep(bench: Bench, dataDir: string): Promise<void> {
  const { ports, close } = await openLocalPorts(dataDir);
  let calls = noCalls();
  const upkeep = createUpkeep(
    countingPorts(ports, () => calls),
    createLog("warn", (lines) => process.stderr.write(lines)),
    false,
  );
  // Whatever is done once for each registry is done in the first.
  for (const run of ["first", "next"]) {
    for (const timer of timers) {
      calls = noCalls();
      const startedAt = performance.now();
      await upkeep.tick(timer);
      const seconds = (performance.now() - startedAt) / 1000;
      const { documentReads, documentLists, commits } = calls;
      bench.detail({ run, timer, seconds, documentReads, documentLists, commits });
      bench.print(
        `${run} run of ${timer}: ${seconds.toFixed(2)} s, ${documentReads} reads, ${documentLists} range reads, ${commits} commits`,
      );
    }
  }
  await close();
}
