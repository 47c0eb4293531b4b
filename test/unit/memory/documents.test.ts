import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Bend, Call, CommitFate } from "../../../shared/memory/bend.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import type { Document, DocumentStore, Operation } from "../../../shared/ports/document-store.ts";

const partition = "r~1~app~1";

function valued(id: string, value: number, rank?: string): Document & { readonly value: number } {
  const document = { id, kind: "sample", schema: 1, writer: "test", value };
  return rank === undefined ? document : { ...document, rank };
}

function create(id: string, value = 0): Operation {
  return { op: "create", document: valued(id, value) };
}

async function readValue(store: DocumentStore, id: string, fresh = true): Promise<number | undefined> {
  const stored = await store.read(partition, id, { fresh });
  return (stored?.document as { value: number } | undefined)?.value;
}

async function idsIn(store: DocumentStore, fresh = true): Promise<string[]> {
  const page = await store.list(partition, { by: "id", limit: 1_000, fresh });
  return page.documents.map(({ document }) => document.id);
}

function fated(documents: MemoryDocuments, fate: CommitFate): DocumentStore {
  return documents.store({ commitFate: () => fate });
}

describe("a bent document store", () => {
  test("loses the reply to a commit that it has applied", async () => {
    const documents = new MemoryDocuments();
    expect(await fated(documents, "lost").commit(partition, [create("a", 1)])).toBe("unknown");
    expect(await readValue(documents.store(), "a")).toBe(1);
  });

  test("answers the same for a commit that it has refused", async () => {
    const documents = new MemoryDocuments();
    expect(await fated(documents, "refused").commit(partition, [create("a", 1)])).toBe("unknown");
    expect(await idsIn(documents.store())).toEqual([]);
  });

  test("applies what is late when it is told to, if it still can, and what comes twice once more", async () => {
    const documents = new MemoryDocuments();
    const late: (() => void)[] = [];
    const bent = (fate: CommitFate) =>
      documents.store({ commitFate: () => fate, later: (_, effect) => late.push(effect) });
    expect(await bent("late").commit(partition, [create("a", 1)])).toBe("unknown");
    expect(await bent("late").commit(partition, [create("a", 2)])).toBe("unknown");
    expect(await idsIn(documents.store())).toEqual([]);
    for (const effect of late.splice(0)) effect();
    expect(await readValue(documents.store(), "a")).toBe(1);
    const upsert: Operation = { op: "upsert", document: valued("a", 3) };
    expect(await bent("twice").commit(partition, [upsert])).toBe("committed");
    const first = await documents.store().read(partition, "a", { fresh: true });
    for (const effect of late.splice(0)) effect();
    const second = await documents.store().read(partition, "a", { fresh: true });
    expect(second?.document).toEqual(first?.document);
    expect(second?.etag).not.toBe(first?.etag);
  });

  test("is too busy or away when it is told to be", async () => {
    const documents = new MemoryDocuments();
    await expect(fated(documents, "throttled").commit(partition, [create("a")])).rejects.toMatchObject({
      code: "TOOMANYREQUESTS",
    });
    expect(await idsIn(documents.store())).toEqual([]);
    const away = documents.store({ readFate: () => "refused" });
    const unavailable = { code: "UNAVAILABLE" };
    await expect(away.read(partition, "a", { fresh: true })).rejects.toMatchObject(unavailable);
    await expect(away.list(partition, { by: "id", limit: 1, fresh: true })).rejects.toMatchObject(
      unavailable,
    );
    await expect(away.changes(undefined, 1)).rejects.toMatchObject(unavailable);
  });

  test("applies a prefix of a commit, and nothing of one that conflicts", async () => {
    const operations = ["a", "b", "c"].map((id) => create(id));
    for (const prefix of [0, 1, 2, 3]) {
      const documents = new MemoryDocuments();
      expect(await fated(documents, { prefix }).commit(partition, operations)).toBe("unknown");
      expect(await idsIn(documents.store())).toEqual(["a", "b", "c"].slice(0, prefix));
    }
    const documents = new MemoryDocuments();
    await documents.store().commit(partition, [create("c")]);
    for (const fate of ["lost", { prefix: 2 }] as const) {
      expect(await fated(documents, fate).commit(partition, operations)).toBe("unknown");
      expect(await idsIn(documents.store())).toEqual(["c"]);
    }
  });

  test("serves states of so many commits ago, to those only who need nothing fresh", async () => {
    const documents = new MemoryDocuments();
    const straight = documents.store();
    await straight.commit(partition, [create("a", 0), create("gone", 0)]);
    for (const value of [1, 2, 3]) {
      const operations: Operation[] = [{ op: "upsert", document: valued("a", value, `r${value}`) }];
      if (value === 2) {
        const stored = await straight.read(partition, "gone", { fresh: true });
        operations.push({ op: "delete", id: "gone", etag: stored?.etag ?? "" }, create("new"));
      }
      await straight.commit(partition, operations);
    }
    const states = [
      { value: 3, ids: ["a", "new"], ranks: ["r3"] },
      { value: 2, ids: ["a", "new"], ranks: ["r2"] },
      { value: 1, ids: ["a", "gone"], ranks: ["r1"] },
      { value: 0, ids: ["a", "gone"], ranks: [] },
      { value: undefined, ids: [], ranks: [] },
    ];
    for (const [commits, state] of states.entries()) {
      const stale = documents.store({ staleCommits: () => commits });
      expect(await readValue(stale, "a", false)).toBe(state.value);
      expect(await idsIn(stale, false)).toEqual(state.ids);
      const page = await stale.list(partition, { by: "rank", limit: 10, fresh: false });
      expect(page.documents.map(({ document }) => document.rank)).toEqual(state.ranks);
      expect(await readValue(stale, "a")).toBe(3);
      expect(await idsIn(stale)).toEqual(["a", "new"]);
    }
  });

  test("waits before and after every call, and does its effect in between", async () => {
    const documents = new MemoryDocuments();
    const told: string[] = [];
    const bend: Bend = {
      around: async ({ name, subject }: Call, moment) => {
        told.push(`${moment} ${name} ${subject}: ${(await idsIn(documents.store())).length}`);
      },
    };
    const store = documents.store(bend);
    await store.commit(partition, [create("a")]);
    await store.read(partition, "a", { fresh: true });
    await store.list(partition, { by: "id", limit: 1, fresh: true });
    await store.changes(undefined, 1);
    await expect(store.commit(partition, [])).rejects.toThrow();
    expect(told).toEqual([
      `before commit ${partition}: 0`,
      `after commit ${partition}: 1`,
      `before read ${partition} a: 1`,
      `after read ${partition} a: 1`,
      `before list ${partition}: 1`,
      `after list ${partition}: 1`,
      "before changes : 1",
      "after changes : 1",
      `before commit ${partition}: 1`,
      `after commit ${partition}: 1`,
    ]);
  });
});

describe("a document store in memory", () => {
  test("keeps what it was given, whatever the caller does with his copy or with what he reads", async () => {
    const store = new MemoryDocuments().store();
    const mine = { ...valued("a", 1), list: [{ deep: 1 }] };
    await store.commit(partition, [{ op: "create", document: mine }]);
    mine.list[0] = { deep: 2 };
    const read = (await store.read(partition, "a", { fresh: true }))?.document as typeof mine;
    expect(read.list).toEqual([{ deep: 1 }]);
    expect(() => read.list.push({ deep: 3 })).toThrow(TypeError);
    expect(() => Object.assign(read.list[0] ?? {}, { deep: 3 })).toThrow(TypeError);
  });

  test("does not give one rank to two documents", async () => {
    const store = new MemoryDocuments().store();
    await store.commit(partition, [{ op: "create", document: valued("a", 1, "same") }]);
    const second: Operation = { op: "create", document: valued("b", 1, "same") };
    await expect(store.commit(partition, [second])).rejects.toThrow("rank");
  });

  test("refuses a cursor that is not its own", async () => {
    await expect(new MemoryDocuments().store().changes("nonsense", 1)).rejects.toThrow("cursor");
  });

  test("lists what a sort and a filter find, in every range and direction", async () => {
    const key = fc.stringMatching(/^[a-c:~.-]{1,4}$/).filter((text) => !/^\.{1,2}$/.test(text));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { maxLength: 30 }),
        fc.subarray([0, 1, 2, 3, 4, 5]),
        fc.option(key, { nil: undefined }),
        fc.option(key, { nil: undefined }),
        fc.boolean(),
        fc.integer({ min: 1, max: 8 }),
        async (keys, removed, after, before, descending, limit) => {
          const store = new MemoryDocuments().store();
          for (const id of keys) {
            await store.commit(partition, [{ op: "create", document: valued(id, 0, id) }]);
          }
          const gone = removed.flatMap((index) => keys[index] ?? []);
          for (const id of gone) {
            const stored = await store.read(partition, id, { fresh: true });
            await store.commit(partition, [{ op: "delete", id, etag: stored?.etag ?? "" }]);
          }
          const range = {
            ...(after === undefined ? {} : { after }),
            ...(before === undefined ? {} : { before }),
          };
          const found = keys
            .filter((id) => !gone.includes(id))
            .filter((id) => (after === undefined || id > after) && (before === undefined || id < before))
            .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          if (descending) found.reverse();
          for (const by of ["id", "rank"] as const) {
            const page = await store.list(partition, { by, ...range, descending, limit, fresh: true });
            expect(page.documents.map(({ document }) => document.id)).toEqual(found.slice(0, limit));
            expect(page.more).toBe(found.length > limit);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
