import { describe, expect, it } from "vitest";
import type { DocumentStore, ListQuery } from "../../shared/ports/document-store.ts";
import { create, etagOf, fill, newPartition, remove, replace, sample } from "./sample-documents.ts";

type Order = Pick<ListQuery, "by">["by"];
type Range = Omit<ListQuery, "by" | "fresh">;

/** In the order of their ASCII bytes; the separators are those that the registry's keys are made of. */
const orderedIds = [
  "count",
  "h:sha256:00:library",
  "h:sha256:00:library,x",
  "h:sha256:00:library-x",
  "h:sha256:00:library.x",
  "h:sha256:00:library0",
  "h:sha256:00:library:01ARZ",
  "h:sha256:00:libraryA",
  "h:sha256:00:library_",
  "h:sha256:00:librarya",
  "h:sha256:00:library~",
  "m:sha256:ab",
  "m:sha256:ab:t:1",
  "m:sha256:ab:t:V1",
  "m:sha256:ab:t:_v1",
  "m:sha256:ab:t:v1",
  "m:sha256:ab:t:v1-rc",
  "m:sha256:ab:t:v1.0",
  "m:sha256:abc",
  "t:",
  "t:!",
  "t:10",
  "t:9",
  "t:A",
  "t:a",
  "t~",
  "~",
];

export function listContract(store: () => DocumentStore): void {
  const keysOf = async (partition: string, by: Order, range: Range) => {
    const page = await store().list(partition, { by, ...range, fresh: true });
    const keys = page.documents.map(({ document }) => (by === "id" ? document.id : document.rank));
    return { keys, more: page.more };
  };

  it("lists nothing in a partition that was never written", async () => {
    const partition = newPartition();
    for (const by of ["id", "rank"] as const) {
      expect(await keysOf(partition, by, { limit: 10 })).toEqual({ keys: [], more: false });
    }
  });

  it("orders ids by their ASCII bytes", async () => {
    const partition = newPartition();
    await fill(
      store(),
      partition,
      [...orderedIds].reverse().map((id) => sample(id)),
    );
    expect((await keysOf(partition, "id", { limit: 100 })).keys).toEqual(orderedIds);
    const descending = await keysOf(partition, "id", { limit: 100, descending: true });
    expect(descending.keys).toEqual([...orderedIds].reverse());
  });

  it("orders ranks by their ASCII bytes, whatever the ids are", async () => {
    const partition = newPartition();
    const documents = orderedIds.map((rank, index) => sample(`id-${99 - index}`, "", rank));
    await fill(store(), partition, documents);
    expect((await keysOf(partition, "rank", { limit: 100 })).keys).toEqual(orderedIds);
    const descending = await keysOf(partition, "rank", { limit: 100, descending: true });
    expect(descending.keys).toEqual([...orderedIds].reverse());
  });

  it("lists the range behind a prefix and nothing else", async () => {
    const partition = newPartition();
    await fill(
      store(),
      partition,
      orderedIds.map((id) => sample(id)),
    );
    const tags = await keysOf(partition, "id", { after: "t:", before: "t;", limit: 100 });
    expect(tags.keys).toEqual(["t:!", "t:10", "t:9", "t:A", "t:a"]);
    const reverse = await keysOf(partition, "id", {
      after: "m:sha256:ab:t:",
      before: "m:sha256:ab:t;",
      limit: 100,
    });
    expect(reverse.keys).toHaveLength(6);
  });

  describe.each(["id", "rank"] as const)("by %s", (by) => {
    const keys = Array.from({ length: 7 }, (_, index) => `k${index}`);
    const filled = async () => {
      const partition = newPartition();
      // Each document's id is its rank as well, so that one table serves both orders.
      await fill(
        store(),
        partition,
        keys.map((key) => sample(key, "", key)),
      );
      return partition;
    };

    it("gives up to `limit` documents and says whether there are more", async () => {
      const partition = await filled();
      for (const descending of [false, true]) {
        const all = descending ? [...keys].reverse() : keys;
        for (const limit of [1, 2, 6, 7, 8, 1_000]) {
          const page = await keysOf(partition, by, { limit, descending });
          expect(page).toEqual({ keys: all.slice(0, limit), more: limit < 7 });
        }
      }
    });

    it("takes both ends as exclusive, whether they are there or not", async () => {
      const partition = await filled();
      const cases: { range: Partial<Range>; found: string[] }[] = [
        { range: { after: "k2" }, found: ["k3", "k4", "k5", "k6"] },
        { range: { after: "k2!" }, found: ["k3", "k4", "k5", "k6"] },
        { range: { before: "k2" }, found: ["k0", "k1"] },
        { range: { before: "k2!" }, found: ["k0", "k1", "k2"] },
        { range: { after: "k1", before: "k4" }, found: ["k2", "k3"] },
        { range: { after: "k1", before: "k2" }, found: [] },
        { range: { after: "k1", before: "k1" }, found: [] },
        { range: { after: "k4", before: "k1" }, found: [] },
        { range: { after: "k6" }, found: [] },
        { range: { before: "k0" }, found: [] },
        { range: { after: "", before: "~" }, found: keys },
      ];
      for (const { range, found } of cases) {
        expect(await keysOf(partition, by, { ...range, limit: 10 })).toEqual({ keys: found, more: false });
        const descending = await keysOf(partition, by, { ...range, limit: 10, descending: true });
        expect(descending).toEqual({ keys: [...found].reverse(), more: false });
      }
    });

    it("says truly whether there are more, at the end of a range as well", async () => {
      const partition = await filled();
      const range = { after: "k1", before: "k5" };
      expect(await keysOf(partition, by, { ...range, limit: 2 })).toEqual({ keys: ["k2", "k3"], more: true });
      expect((await keysOf(partition, by, { ...range, limit: 3 })).more).toBe(false);
      expect(await keysOf(partition, by, { ...range, limit: 2, descending: true })).toEqual({
        keys: ["k4", "k3"],
        more: true,
      });
      expect((await keysOf(partition, by, { ...range, limit: 3, descending: true })).more).toBe(false);
    });

    it("walks everything once by pages, in both directions", async () => {
      const partition = newPartition();
      const many = Array.from({ length: 250 }, (_, index) => `p${String(index).padStart(3, "0")}`);
      await fill(
        store(),
        partition,
        many.map((key) => sample(key, "", key)),
      );
      for (const descending of [false, true]) {
        for (const limit of [1, 49, 50, 83, 250]) {
          const walked: (string | undefined)[] = [];
          let end: string | undefined;
          for (;;) {
            const range = end === undefined ? {} : descending ? { before: end } : { after: end };
            const page = await keysOf(partition, by, { ...range, limit, descending });
            walked.push(...page.keys);
            end = page.keys.at(-1);
            if (!page.more) break;
            expect(page.keys).toHaveLength(limit);
          }
          expect(walked).toEqual(descending ? [...many].reverse() : many);
        }
      }
    });

    it("pages past keys that were deleted and made between the pages", async () => {
      const partition = await filled();
      const first = await keysOf(partition, by, { limit: 3 });
      expect(first.keys).toEqual(["k0", "k1", "k2"]);
      await store().commit(partition, [
        remove("k2", await etagOf(store(), partition, "k2")),
        remove("k3", await etagOf(store(), partition, "k3")),
        create(sample("k1~", "", "k1~")),
        create(sample("k4~", "", "k4~")),
      ]);
      const second = await keysOf(partition, by, { after: "k2", limit: 3 });
      expect(second).toEqual({ keys: ["k4", "k4~", "k5"], more: true });
    });

    it("lists a thousand documents in one page", async () => {
      const partition = newPartition();
      const many = Array.from({ length: 1_001 }, (_, index) => `x${String(index).padStart(4, "0")}`);
      await fill(
        store(),
        partition,
        many.map((key) => sample(key, "", key)),
      );
      const page = await keysOf(partition, by, { limit: 1_000 });
      expect(page).toEqual({ keys: many.slice(0, 1_000), more: true });
    });
  });

  it("lists by rank only what has a rank", async () => {
    const partition = newPartition();
    await fill(store(), partition, [sample("a"), sample("b", "", "2"), sample("c"), sample("d", "", "1")]);
    const page = await store().list(partition, { by: "rank", limit: 2, fresh: true });
    expect(page.documents.map(({ document }) => document.id)).toEqual(["d", "b"]);
    expect(page.more).toBe(false);
  });

  it("moves a document whose rank changes, and drops it from the order when its rank or itself is gone", async () => {
    const partition = newPartition();
    const ranked = async () =>
      (await store().list(partition, { by: "rank", limit: 10, fresh: true })).documents.map(
        ({ document }) => `${document.rank} ${document.id}`,
      );
    await fill(store(), partition, [sample("a", "", "1"), sample("b", "", "2"), sample("c", "", "3")]);
    await store().commit(partition, [replace(sample("a", "", "4"), await etagOf(store(), partition, "a"))]);
    expect(await ranked()).toEqual(["2 b", "3 c", "4 a"]);
    await fill(store(), partition, [sample("b", "", "5")]);
    expect(await ranked()).toEqual(["3 c", "4 a", "5 b"]);
    await store().commit(partition, [replace(sample("a"), await etagOf(store(), partition, "a"))]);
    expect(await ranked()).toEqual(["3 c", "5 b"]);
    await store().commit(partition, [remove("c", await etagOf(store(), partition, "c"))]);
    expect(await ranked()).toEqual(["5 b"]);
    await fill(store(), partition, [sample("a", "", "3"), sample("d", "", "1")]);
    expect(await ranked()).toEqual(["1 d", "3 a", "5 b"]);
  });

  it("lets a rank pass from one document to another", async () => {
    const partition = newPartition();
    await fill(store(), partition, [sample("a", "", "1"), sample("b", "", "2")]);
    await store().commit(partition, [
      replace(sample("a", "", "2"), await etagOf(store(), partition, "a")),
      replace(sample("b", "", "1"), await etagOf(store(), partition, "b")),
    ]);
    const page = await store().list(partition, { by: "rank", limit: 10, fresh: true });
    expect(page.documents.map(({ document }) => document.id)).toEqual(["b", "a"]);
  });

  it("answers a list that need not be fresh with documents that were there", async () => {
    const partition = newPartition();
    await fill(store(), partition, [sample("a", "1"), sample("b", "1")]);
    const page = await store().list(partition, { by: "id", limit: 10, fresh: false });
    for (const { document } of page.documents) expect(["a", "b"]).toContain(document.id);
  });
}
