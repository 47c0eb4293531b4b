import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventedChange, newEvent, untilSettled } from "../../../shared/catalog/commit.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { asRepositoryName } from "../../../shared/domain/name.ts";
import type { CommitFate } from "../../../shared/memory/bend.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { ManualClock, seededIds } from "../../../shared/memory/world.ts";
import type { DocumentStore, Operation } from "../../../shared/ports/document-store.ts";
import type { Ports } from "../../../shared/ports/ports.ts";

const busy = expect.objectContaining({
  code: "TOOMANYREQUESTS",
  status: 429,
  headers: { "Retry-After": expect.stringMatching(/^\d+$/) },
});

describe("a use case that starts over", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  /** Lets an attempt fail so many times. @returns the pauses, in ms, that were taken in between */
  async function pausesOf(failures: number, random: number): Promise<number[]> {
    vi.spyOn(Math, "random").mockReturnValue(random);
    const timers = vi.spyOn(globalThis, "setTimeout");
    let attempts = 0;
    const settled = untilSettled(async () => (attempts++ < failures ? undefined : "settled"));
    settled.catch(() => {});
    await vi.runAllTimersAsync();
    await settled.catch(() => {});
    return timers.mock.calls.map(([, millis]) => millis ?? 0);
  }

  test("does so at once at first", async () => {
    expect(await pausesOf(3, 0.9)).toEqual([]);
  });

  test("pauses longer and longer then, and never long", async () => {
    const pauses = await pausesOf(limits.contentionAttemptsMax - 1, 1);
    expect(pauses.slice(0, 4)).toEqual([4, 8, 16, 32]);
    expect([...pauses].sort((a, b) => a - b)).toEqual(pauses);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(250);
  });

  test("draws each pause, so that those who contend come back at different times", async () => {
    expect((await pausesOf(7, 0.25)).slice(0, 3)).toEqual([1, 2, 4]);
  });

  test("gives up after so many attempts, and asks the client to come again", async () => {
    let attempts = 0;
    const settled = untilSettled(async () => {
      attempts += 1;
      return undefined;
    });
    const refused = expect(settled).rejects.toEqual(busy);
    await vi.runAllTimersAsync();
    await refused;
    expect(attempts).toBe(limits.contentionAttemptsMax);
  });

  test("gives up after so many seconds when each attempt is slow", async () => {
    let attempts = 0;
    const started = performance.now();
    const settled = untilSettled(async () => {
      attempts += 1;
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      return undefined;
    });
    const refused = expect(settled).rejects.toEqual(busy);
    await vi.runAllTimersAsync();
    await refused;
    expect(attempts).toBe(4);
    expect(performance.now() - started).toBeLessThan(limits.contentionSecondsMax * 1_000 + 6_000);
  });
});

describe("a change with its event", () => {
  const partition = "r~1~app~1";

  /** The change of one document from `value` to the next, on a store whose commits have these fates in turn. */
  function changeOn(documents: MemoryDocuments, ...fates: readonly CommitFate[]) {
    const left = [...fates];
    const late: (() => void)[] = [];
    const reads: string[] = [];
    const bent = documents.store({
      commitFate: () => left.shift() ?? "done",
      later: (_, effect) => late.push(effect),
    });
    const counted: DocumentStore = {
      ...bent,
      read: async (of, id, options) => {
        reads.push(id);
        return await bent.read(of, id, options);
      },
    };
    const clock = new ManualClock(Date.UTC(2026, 0, 31));
    const ports = { clock, ids: seededIds(1, clock), region: "local" } as unknown as Ports;
    const repository = asRepositoryName("app");
    if (repository === undefined) throw new Error("not a name");
    const event = newEvent(ports, "blob-push", "writer", {
      registry: { rid: "1" },
      name: repository,
      generation: "G",
    });
    return { change: new EventedChange(counted, partition, event), late, reads, event };
  }

  function create(id: string): Operation {
    return { op: "create", document: { id, kind: "sample", schema: 1, writer: "w" } };
  }

  async function idsIn(documents: MemoryDocuments): Promise<string[]> {
    const page = await documents.store().list(partition, { by: "id", limit: 10, fresh: true });
    return page.documents.map(({ document }) => document.id);
  }

  test("is committed when its reply is lost, and reads nothing while no reply is", async () => {
    const documents = new MemoryDocuments();
    const lost = changeOn(documents, "lost");
    expect(await lost.change.commit([create("a")])).toBe(true);
    expect(lost.reads).toEqual([lost.event.id]);
    const conflicting = changeOn(documents, "done");
    expect(await conflicting.change.commit([create("a")])).toBe(false);
    expect(await conflicting.change.isCommitted()).toBe(false);
    expect(conflicting.reads).toEqual([]);
  });

  test("is known to be committed when an attempt that was given up comes before its repetition", async () => {
    const documents = new MemoryDocuments();
    const { change, late } = changeOn(documents, "late", "done");
    expect(await change.commit([create("a")])).toBe(false);
    expect(await change.isCommitted()).toBe(false);
    for (const land of late) land();
    // The repetition meets its own event.
    expect(await change.commit([create("b")])).toBe(true);
    expect((await idsIn(documents)).filter((id) => id.length === 1)).toEqual(["a"]);
  });

  test("is known to be committed when that comes while the next attempt still looks", async () => {
    const documents = new MemoryDocuments();
    const { change, late } = changeOn(documents, "late");
    expect(await change.commit([create("a")])).toBe(false);
    for (const land of late) land();
    expect(await change.isCommitted()).toBe(true);
  });

  test("is not committed a second time by an attempt that comes after its repetition", async () => {
    const documents = new MemoryDocuments();
    const { change, late } = changeOn(documents, "late", "twice");
    expect(await change.commit([create("a")])).toBe(false);
    expect(await change.commit([create("b")])).toBe(true);
    const before = await idsIn(documents);
    expect(late).toHaveLength(2);
    for (const land of late) land();
    expect(await idsIn(documents)).toEqual(before);
    expect(before.filter((id) => id.length === 1)).toEqual(["b"]);
  });
});
