import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { poisonQueue } from "../../../shared/domain/work-message.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { ManualClock } from "../../../shared/memory/world.ts";
import type { Work, WorkQueue } from "../../../shared/ports/work-queue.ts";
import { doWork, retrySeconds, type Worker, workThrough } from "../../../shared/upkeep/do-work.ts";

function open() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  return { clock, queues: new MemoryWorkQueue(() => clock.now()).store() };
}

const through = async (queues: WorkQueue, worker: Worker) =>
  await workThrough(queues, "sweep", async (message) => await doWork(queues, "sweep", message, worker));

const fail = async () => {
  throw new Error("not yet");
};

describe("queued work", () => {
  it("is done once and completed", async () => {
    const { clock, queues } = open();
    const done: Work[] = [];
    await queues.send("sweep", { work: { number: 1 }, attempt: 1 });
    await queues.send("sweep", { work: { number: 2 }, attempt: 1 });
    const worker = async (work: Work) => void done.push(work);
    expect(await through(queues, worker)).toBe(2);
    clock.advance(24 * 3_600_000);
    expect(await through(queues, worker)).toBe(0);
    expect(done).toEqual([{ number: 1 }, { number: 2 }]);
  });

  it("comes again after a failure, later each time, until it is put aside", async () => {
    const { clock, queues } = open();
    await queues.send("sweep", { work: { number: 1 }, attempt: 1 });
    let attempts = 0;
    const waits: number[] = [];
    while ((await queues.length(poisonQueue("sweep"))) === 0) {
      attempts += await through(queues, fail);
      let seconds = 0;
      while ((await queues.receive("sweep", 1, 1)).length === 0 && seconds < 4_000) {
        clock.advance(10_000);
        seconds += 10;
      }
      clock.advance(2_000);
      waits.push(seconds);
    }
    expect(attempts).toBe(limits.workAttemptsMax);
    expect(await queues.length("sweep")).toBe(0);
    expect(await queues.receive(poisonQueue("sweep"), 1, 1)).toMatchObject([{ work: { number: 1 } }]);
    expect(waits[0]).toBeLessThanOrEqual(20);
    expect(waits[5]).toBeGreaterThan(waits[2] ?? 0);
  });

  it("tells why it failed", async () => {
    const { queues } = open();
    const first = await doWork(queues, "sweep", { work: {}, attempt: 1 }, fail);
    expect(first).toEqual({ outcome: "retried", error: new Error("not yet") });
    const last = await doWork(queues, "sweep", { work: {}, attempt: limits.workAttemptsMax }, fail);
    expect(last).toEqual({ outcome: "poisoned", error: new Error("not yet") });
    expect(await doWork(queues, "sweep", { work: {}, attempt: 1 }, async () => {})).toEqual({
      outcome: "done",
    });
  });

  it("is put aside when it brings its worker down each time", async () => {
    const { clock, queues } = open();
    await queues.send("sweep", { work: { number: 1 }, attempt: 1 });
    for (let crash = 0; crash < limits.workDeliveriesMax; crash++) {
      expect(await queues.receive("sweep", 1, 60)).toHaveLength(1);
      clock.advance(61_000);
    }
    let called = false;
    await through(queues, async () => {
      called = true;
    });
    expect(called).toBe(false);
    expect(await queues.length("sweep")).toBe(0);
    expect(await queues.length(poisonQueue("sweep"))).toBe(1);
  });

  it("is left for its queue to hand out again when it can neither be done nor queued", async () => {
    const { clock, queues } = open();
    await queues.send("sweep", { work: { number: 1 }, attempt: 1 });
    const broken = { ...queues, send: fail };
    await expect(through(broken, fail)).rejects.toThrow("not yet");
    clock.advance(601_000);
    const done: Work[] = [];
    await through(queues, async (work) => void done.push(work));
    expect(done).toEqual([{ number: 1 }]);
  });

  it("is completed only where nothing failed, and not before all of its batch is over", async () => {
    const { clock, queues } = open();
    for (const number of [1, 2, 3]) await queues.send("sweep", { work: { number }, attempt: 1 });
    const over: Work[] = [];
    const handling = workThrough(queues, "sweep", async ({ work }) => {
      if (work["number"] === 1) throw new Error("not this one");
      await new Promise((resolve) => setTimeout(resolve, 5));
      over.push(work);
    });
    await expect(handling).rejects.toThrow("not this one");
    expect(over).toEqual([{ number: 2 }, { number: 3 }]);
    clock.advance(601_000);
    expect(await queues.receive("sweep", 10, 60)).toMatchObject([{ work: { number: 1 }, deliveries: 2 }]);
  });

  it("waits between 10 seconds and an hour, and never in step", () => {
    for (let attempt = 1; attempt <= limits.workAttemptsMax; attempt++) {
      const seconds = Array.from({ length: 50 }, () => retrySeconds(attempt));
      expect(Math.min(...seconds)).toBeGreaterThanOrEqual(Math.min(3_600, 10 * 2 ** (attempt - 1)));
      expect(Math.max(...seconds)).toBeLessThanOrEqual(Math.min(3_600, 15 * 2 ** (attempt - 1)));
    }
    expect(new Set(Array.from({ length: 50 }, () => retrySeconds(6))).size).toBeGreaterThan(5);
  });
});
