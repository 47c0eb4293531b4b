import { describe, expect, it } from "vitest";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { ManualClock } from "../../../shared/memory/world.ts";
import type { Document } from "../../../shared/ports/document-store.ts";
import type { WorkQueue } from "../../../shared/ports/work-queue.ts";
import { EventWaker, eventQueue, wakeOnEvents } from "../../../shared/upkeep/wake-on-events.ts";

function open(queue: (queues: WorkQueue) => WorkQueue = (queues) => queues) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const queues = new MemoryWorkQueue(() => clock.now()).store();
  const failures: unknown[] = [];
  const waker = new EventWaker(queue(queues), clock, (error) => failures.push(error));
  return { clock, queues, waker, failures };
}

const document = (id: string, kind: string): Document => ({ id, kind, schema: 1, writer: "w" });

describe("a store that wakes the event consumer", () => {
  it("tells of commits that carry an event, unless they were not made", async () => {
    let woken = 0;
    const fates = ["done", "lost"] as const;
    let commits = 0;
    const bent = new MemoryDocuments().store({ commitFate: () => fates[commits++] ?? "done" });
    const store = wakeOnEvents(bent, () => {
      woken += 1;
    });
    await store.commit("p", [{ op: "create", document: document("a", "event") }]);
    expect(woken).toBe(1);
    expect(await store.commit("p", [{ op: "create", document: document("b", "event") }])).toBe("unknown");
    expect(woken).toBe(2);
    expect(await store.commit("p", [{ op: "create", document: document("b", "event") }])).toBe("conflict");
    await store.commit("p", [{ op: "create", document: document("c", "link") }]);
    expect(woken).toBe(2);
  });

  it("is the same store in all else", async () => {
    const store = wakeOnEvents(new MemoryDocuments().store(), () => {});
    await store.commit("p", [{ op: "create", document: document("a", "event") }]);
    expect((await store.read("p", "a", { fresh: true }))?.document.id).toBe("a");
    expect((await store.list("p", { by: "id", limit: 1, fresh: true })).documents).toHaveLength(1);
    expect((await store.changes(undefined, 10)).changes).toHaveLength(1);
  });
});

describe("the event consumer's waker", () => {
  it("sends one message a second, which is seen when that second is over", async () => {
    const { clock, queues, waker } = open();
    for (let tenth = 0; tenth < 30; tenth++) {
      for (let commit = 0; commit < 20; commit++) waker.wake();
      await waker.settled();
      clock.advance(100);
    }
    expect(await queues.length(eventQueue)).toBe(3);
    expect(await queues.receive(eventQueue, 10, 60)).toHaveLength(3);
    waker.wake();
    await waker.settled();
    clock.advance(999);
    expect(await queues.receive(eventQueue, 10, 60)).toHaveLength(0);
    clock.advance(1);
    expect(await queues.receive(eventQueue, 10, 60)).toHaveLength(1);
  });

  it("has one message under way, however slow the queue is, and another for what that may not cover", async () => {
    const waiting: (() => void)[] = [];
    const { clock, queues, waker } = open((memory) => ({
      ...memory,
      send: async (...args) => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        await memory.send(...args);
      },
    }));
    for (let second = 0; second < 5; second++) {
      waker.wake();
      clock.advance(1_000);
    }
    expect(waiting).toHaveLength(1);
    waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(waiting).toHaveLength(1);
    waiting.shift()?.();
    await waker.settled();
    expect(await queues.length(eventQueue)).toBe(2);
  });

  it("fails no caller when the queue is away, and tries again with a later event", async () => {
    let away = true;
    const { clock, queues, waker, failures } = open((memory) => ({
      ...memory,
      send: async (...args) => {
        if (away) throw new Error("away");
        await memory.send(...args);
      },
    }));
    waker.wake();
    await waker.settled();
    expect(failures).toEqual([new Error("away")]);
    away = false;
    clock.advance(1_000);
    waker.wake();
    await waker.settled();
    expect(await queues.length(eventQueue)).toBe(1);
  });
});
