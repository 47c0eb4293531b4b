import { describe, expect, it } from "vitest";
import type { LastPullDocument } from "../../../shared/catalog/collection-documents.ts";
import { ids } from "../../../shared/catalog/keys.ts";
import { PullRecorder } from "../../../shared/catalog/pulls.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { ManualClock, seededIds } from "../../../shared/memory/world.ts";

const digest = `sha256:${"a".repeat(64)}` as Digest;
const repository = { partition: "r~one~app~g" };

function open(bend: Parameters<MemoryDocuments["store"]>[0] = {}) {
  const clock = new ManualClock(Date.UTC(2026, 0, 31, 23, 59));
  const memory = new MemoryDocuments();
  const calls: string[] = [];
  const store = memory.store(bend);
  const documents: typeof store = {
    ...store,
    read: async (...asked) => {
      calls.push("read");
      return await store.read(...asked);
    },
    commit: async (...asked) => {
      calls.push("commit");
      return await store.commit(...asked);
    },
  };
  const failures: unknown[] = [];
  const recorder = () =>
    new PullRecorder({ documents, clock, ids: seededIds(1, clock) }, (error) => failures.push(error));
  const day = async () => {
    const id = ids.lastPull(digest);
    const stored = await memory.store().read(repository.partition, id, { fresh: true });
    return (stored?.document as LastPullDocument | undefined)?.day;
  };
  return { clock, calls, failures, recorder, day };
}

describe("the last pull of a manifest", () => {
  it("is noted once a day by a process, with one read and one commit", async () => {
    const { clock, calls, recorder, day } = open();
    const pulls = recorder();
    for (let times = 0; times < 3; times++) {
      pulls.note(repository, digest);
      await pulls.settled();
    }
    expect(await day()).toBe("2026-01-31");
    expect(calls).toEqual(["read", "commit"]);
    clock.advance(60_000);
    pulls.note(repository, digest);
    pulls.note(repository, digest);
    await pulls.settled();
    expect(await day()).toBe("2026-02-01");
    expect(calls).toEqual(["read", "commit", "read", "commit"]);
  });

  it("is read by another process, and written only if it is older", async () => {
    const { calls, recorder, day } = open();
    for (const pulls of [recorder(), recorder()]) {
      pulls.note(repository, digest);
      await pulls.settled();
    }
    expect(calls).toEqual(["read", "commit", "read"]);
    expect(await day()).toBe("2026-01-31");
  });

  it("is one for each repository", async () => {
    const { calls, recorder } = open();
    const pulls = recorder();
    pulls.note(repository, digest);
    pulls.note({ partition: "r~one~other~g" }, digest);
    await pulls.settled();
    expect(calls.filter((call) => call === "commit")).toHaveLength(2);
  });

  it("is tried again at the next pull when the store fails or loses its reply", async () => {
    for (const [call, fate] of [
      ["read", "refused"],
      ["commit", "refused"],
      ["commit", "lost"],
    ] as const) {
      let broken = true;
      const { failures, recorder, day } = open({
        readFate: () => (broken && call === "read" ? "refused" : "done"),
        commitFate: () => (broken && call === "commit" ? fate : "done"),
      });
      const pulls = recorder();
      pulls.note(repository, digest);
      await pulls.settled();
      expect(failures).toHaveLength(1);
      broken = false;
      pulls.note(repository, digest);
      await pulls.settled();
      expect(await day()).toBe("2026-01-31");
      expect(failures).toHaveLength(1);
    }
  });

  it("is left to the next pull when too many are being noted", async () => {
    const { calls, recorder } = open();
    const pulls = recorder();
    const partitions = Array.from(
      { length: limits.pullsInFlightMax + 5 },
      (_, index) => `r~one~app${index}~g`,
    );
    for (const partition of partitions) pulls.note({ partition }, digest);
    await pulls.settled();
    expect(calls.filter((call) => call === "commit")).toHaveLength(limits.pullsInFlightMax);
    for (const partition of partitions) pulls.note({ partition }, digest);
    await pulls.settled();
    expect(calls.filter((call) => call === "commit")).toHaveLength(partitions.length);
  });
});
