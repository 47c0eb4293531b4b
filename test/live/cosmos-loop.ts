/**
 * Commits and reads back without end, and prints a line whenever the outcome changes: for watching a write region move, a region
 * go down, a throttle, or connections that idle. `PAUSE_MILLIS` between rounds (100), `PARALLEL` loops (1).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { livePartition, openLive } from "./cosmos.ts";

const pauseMillis = Number(process.env["PAUSE_MILLIS"] ?? 100);
const parallel = Number(process.env["PARALLEL"] ?? 1);
const counts = new Map<string, number>();
const { documents } = await openLive({
  charge: (operation, _units, _millis, status) => {
    const name = `${operation} ${status}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  },
});

async function round(partition: string, number: number): Promise<string> {
  const document = { id: "a", kind: "live", schema: 1, writer: String(number) };
  try {
    const outcome = await documents.commit(partition, [
      { op: "upsert", document },
      { op: "upsert", document: { ...document, id: "b" } },
    ]);
    const stored = await documents.read(partition, "a", { fresh: true });
    if (outcome === "committed" && stored?.document.writer !== String(number))
      return "A FRESH READ WAS STALE";
    return outcome;
  } catch (error) {
    return String(error);
  }
}

async function loop(): Promise<never> {
  const partition = livePartition();
  let before = "";
  for (let number = 0; ; number++) {
    const started = performance.now();
    const outcome = await round(partition, number);
    if (outcome !== before) {
      const millis = Math.round(performance.now() - started);
      console.log(
        new Date().toISOString(),
        outcome,
        `${millis} ms`,
        JSON.stringify(Object.fromEntries(counts)),
      );
    }
    before = outcome;
    await sleep(pauseMillis);
  }
}

await Promise.all(Array.from({ length: parallel }, loop));
