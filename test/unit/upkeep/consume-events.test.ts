import { describe, expect, it } from "vitest";
import { readAs } from "../../../shared/catalog/commit.ts";
import type { EventCursorDocument } from "../../../shared/catalog/documents.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import { noFigures } from "../../../shared/catalog/usage.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import type { Bend, CommitFate } from "../../../shared/memory/bend.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { type Random, seededRandom } from "../../../shared/memory/random.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";
import type { Change, DocumentStore } from "../../../shared/ports/document-store.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { openCountedRegistry } from "../../support/counted-registry.ts";

const log = createLog("silent", () => {});

function open(seed = 1) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const documents = new MemoryDocuments();
  const ports: Ports = {
    documents: documents.store(),
    blobs: new MemoryBlobs().store(),
    sessions: new MemorySessions().store(),
    work: new MemoryWorkQueue(() => clock.now()).store(),
    signer: keyedSigner("a key for tests"),
    clock,
    ids: seededIds(seed, clock),
    region: "local",
    graces: usualGraces,
    tiers: usualTiers,
    pause: async () => {},
  };
  return { ports, documents };
}

/** The store with its commits counted. */
function counting(documents: DocumentStore): { store: DocumentStore; commits: () => number } {
  let commits = 0;
  const commit: DocumentStore["commit"] = async (...args) => {
    commits += 1;
    return await documents.commit(...args);
  };
  return { store: { ...documents, commit }, commits: () => commits };
}

/**
 * A change feed that shows small pages, one partition's changes between another's, and some changes again as they were.
 * @param earlier what it has shown, added to
 */
function restless(documents: DocumentStore, random: Random, earlier: Change[]): DocumentStore {
  const changes: DocumentStore["changes"] = async (cursor) => {
    const page = await documents.changes(cursor, 1 + random(25));
    if (page.changes.length === 0) return page;
    const again = random(3) === 0 ? some(earlier.slice(-100), random) : [];
    earlier.push(...page.changes);
    return { changes: mixed([...again, ...page.changes], random), cursor: page.cursor };
  };
  return { ...documents, changes };
}

function some(changes: readonly Change[], random: Random): Change[] {
  const from = random(changes.length + 1);
  return changes.slice(from, from + random(30));
}

/** Keeps the order within each partition, and no other. */
function mixed(changes: readonly Change[], random: Random): Change[] {
  const queues = [...Map.groupBy(changes, ({ partition }) => partition).values()];
  const result: Change[] = [];
  while (queues.length > 0) {
    const chosen = random(queues.length);
    const next = queues[chosen]?.shift();
    if (next === undefined) queues.splice(chosen, 1);
    else result.push(next);
  }
  return result;
}

/** Lets runs meet at each call, end at one, and not know what became of a commit. */
function bad(random: Random, landings: (() => void)[]): Bend {
  return {
    around: async () => {
      for (let turns = random(6); turns > 0; turns--) await Promise.resolve();
      if (random(60) === 0) throw new Error("a crash");
      if (random(30) === 0) landings.splice(random(landings.length), 1)[0]?.();
    },
    commitFate: (): CommitFate => (["refused", "lost", "late", "twice"] as const)[random(24)] ?? "done",
    later: (_call, effect) => void landings.push(effect),
  };
}

describe("the event consumer", () => {
  it("knows of nothing where nothing was pushed", async () => {
    const { ports } = open();
    expect(await consumeEvents(ports, log)).toEqual({ counted: 0, more: false });
  });

  it("counts what is pushed and deleted, each repository's and the registry's", async () => {
    const { ports } = open();
    const registry = await openCountedRegistry(ports);
    await registry.pushBlob("app", "ten bytes!");
    await registry.pushBlob("app", "five!");
    await registry.pushBlob("base", "five!");
    await consumeEvents(ports, log);
    expect(await registry.counted()).toEqual({
      bytes: 15,
      blobs: 2,
      condemnedBytes: 0,
      condemnedBlobs: 0,
      repositories: {
        app: { ...noFigures, blobs: 2, blobBytes: 15 },
        base: { ...noFigures, blobs: 1, blobBytes: 5 },
      },
      live: { ...noFigures, blobs: 3, blobBytes: 20 },
      left: noFigures,
    });
  });

  it("writes nothing when nothing has happened, and does not follow its own steps", async () => {
    const { ports } = open();
    const registry = await openCountedRegistry(ports);
    await registry.pushBlob("app", "ten bytes!");
    const { store, commits } = counting(ports.documents);
    expect((await consumeEvents({ ...ports, documents: store }, log)).counted).toBeGreaterThan(0);
    // The sweep, the figures, and the cursor.
    expect(commits()).toBe(3);
    for (let run = 0; run < 5; run++) await consumeEvents({ ...ports, documents: store }, log);
    expect(commits()).toBe(3);
  });

  it("stops at its limit, and the next run goes on from there", async () => {
    const { ports } = open();
    const registry = await openCountedRegistry(ports);
    const random = seededRandom(3);
    for (let change = 0; change < 150; change++) await registry.change(random);
    const one: DocumentStore["changes"] = async (cursor) => await ports.documents.changes(cursor, 1);
    const slow = { ...ports, documents: { ...ports.documents, changes: one } };
    let runs = 1;
    while ((await consumeEvents(slow, log)).more) runs += 1;
    expect(runs).toBeGreaterThan(1);
    expect(await registry.counted()).toEqual(await registry.recount());
  });

  it("moves over changes that are nobody's business, a page at a time", async () => {
    const { ports } = open();
    for (let index = 0; index < 2 * limits.eventPageChangesMax + 10; index++) {
      const document = { id: `d${index}`, kind: "edge", schema: 1, writer: "w" };
      await ports.documents.commit("somewhere", [{ op: "create", document }]);
    }
    const { store, commits } = counting(ports.documents);
    await consumeEvents({ ...ports, documents: store }, log);
    expect(commits()).toBe(2);
  });

  it("counts once what is shown again, out of order, and to several who crash and cannot know", async () => {
    let crashes = 0;
    for (let seed = 0; seed < 150; seed++) {
      const random = seededRandom(seed);
      const { ports, documents } = open(seed);
      const registry = await openCountedRegistry(ports, seed % 2 === 0);
      const landings: (() => void)[] = [];
      const shown: Change[] = [];
      const runs: Promise<unknown>[] = [];
      for (let step = 0; step < 60; step++) {
        if (random(3) > 0) await registry.change(random);
        else {
          const bent = restless(documents.store(bad(random, landings)), random, shown);
          runs.push(consumeEvents({ ...ports, documents: bent }, log).catch(() => crashes++));
        }
      }
      await Promise.all(runs);
      for (const land of landings) land();
      await consumeEvents({ ...ports, documents: restless(ports.documents, random, shown) }, log);
      expect(await registry.counted(), `seed ${seed}`).toEqual(await registry.recount());
    }
    expect(crashes).toBeGreaterThan(100);
  });

  it("takes a shard's latest counter for true, whatever is shown after it", async () => {
    const { ports } = open();
    const registry = await openCountedRegistry(ports);
    const shard = (text: string) => digestBytes("sha256", Buffer.from(text)).slice(0, "sha256:".length + 2);
    const texts = Array.from({ length: 2_000 }, (_, index) => `blob ${index}`);
    const sameShard = texts.filter((text) => shard(text) === shard("blob 0"));
    await registry.pushBlob("app", "blob 0");
    const old = await ports.documents.changes(undefined, limits.eventPageChangesMax);
    for (const text of sameShard) await registry.pushBlob("app", text);
    await consumeEvents(ports, log);
    const shownAgain = [old, { changes: [], cursor: old.cursor }];
    const changes: DocumentStore["changes"] = async () => shownAgain.shift() ?? old;
    await consumeEvents({ ...ports, documents: { ...ports.documents, changes } }, log);
    expect(sameShard.length).toBeGreaterThan(3);
    expect(await registry.counted()).toEqual(await registry.recount());
  });

  it("leaves figures alone that others have brought further since it read its page", async () => {
    const { ports } = open();
    const registry = await openCountedRegistry(ports);
    await registry.pushBlob("app", "the first");
    let wakeUp: () => void = () => {};
    const asleep = new Promise<void>((resolve) => {
      wakeUp = resolve;
    });
    const sleepy: DocumentStore["changes"] = async (cursor, limit) => {
      const page = await ports.documents.changes(cursor, limit);
      if (page.changes.length > 0) await asleep;
      return page;
    };
    const late = consumeEvents({ ...ports, documents: { ...ports.documents, changes: sleepy } }, log);
    // So many that the first is not remembered any more.
    for (let index = 0; index < 2 * limits.eventsRememberedMax; index++) {
      await registry.pushBlob("app", `blob ${index}`);
      if (index % 100 === 0) await consumeEvents(ports, log);
    }
    await consumeEvents(ports, log);
    wakeUp();
    await late;
    expect(await registry.counted()).toEqual(await registry.recount());
  });

  it("goes on when its cursor has fallen behind the figures", async () => {
    const { ports } = open();
    const registry = await openCountedRegistry(ports);
    const cursor = async () =>
      await readAs<EventCursorDocument>(
        ports.documents,
        partitions.operations,
        ids.eventCursor,
        "event-cursor",
      );
    await registry.pushBlob("app", "one");
    await consumeEvents(ports, log);
    const old = (await cursor())?.document;
    if (old === undefined) throw new Error("the consumer has no cursor");
    for (const text of ["two", "three"]) {
      await registry.pushBlob("app", text);
      await consumeEvents(ports, log);
    }
    await ports.documents.commit(partitions.operations, [{ op: "upsert", document: old }]);
    await registry.pushBlob("app", "four");
    expect((await consumeEvents(ports, log)).more).toBe(false);
    expect(await registry.counted()).toEqual(await registry.recount());
  });

  it("remembers at least the events of one step", () => {
    expect(limits.eventsRememberedMax).toBeGreaterThanOrEqual(limits.eventPageChangesMax);
  });
});
