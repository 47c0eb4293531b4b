import { describe, expect, it } from "vitest";
import type { DocumentStore, Stored } from "../../shared/ports/document-store.ts";
import type { DocumentStoreCapabilities } from "./document-store.ts";
import { create, etagOf, newPartition, remove, type Sample, sample, upsert } from "./sample-documents.ts";

interface Seen {
  readonly partition: string;
  readonly id: string;
  readonly value: string;
}

export function changesContract(store: () => DocumentStore, capabilities: DocumentStoreCapabilities): void {
  describe.runIf(capabilities.changes)("changes", () => {
    /** Reads on from `cursor` until nothing comes any more; other tests' partitions are left out. */
    const follow = async (cursor: string | undefined, partitions: readonly string[], limit: number) => {
      const seen: Seen[] = [];
      let at = cursor;
      for (;;) {
        const page = await store().changes(at, limit);
        expect(page.changes.length).toBeLessThanOrEqual(limit);
        for (const { partition, stored } of page.changes) {
          const { document } = stored as Stored<Sample>;
          if (partitions.includes(partition))
            seen.push({ partition, id: document.id, value: document.value });
        }
        at = page.cursor;
        if (page.changes.length === 0) return { seen, cursor: page.cursor };
      }
    };

    it("shows what was written, in the order of commits within a partition", async () => {
      const [one, two] = [newPartition(), newPartition()];
      for (let index = 0; index < 10; index++) {
        await store().commit(one, [create(sample(`z${9 - index}`, String(index)))]);
        await store().commit(two, [create(sample(`a${index}`, String(index)))]);
      }
      for (const limit of [1, 3, 1_000]) {
        const { seen } = await follow(undefined, [one, two], limit);
        for (const partition of [one, two]) {
          const values = seen.filter((change) => change.partition === partition).map(({ value }) => value);
          expect(values).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        }
      }
    });

    it("goes on from a cursor with what came later, and only that", async () => {
      const partition = newPartition();
      await store().commit(partition, [create(sample("a", "1")), create(sample("b", "1"))]);
      const { cursor } = await follow(undefined, [partition], 1_000);
      expect((await follow(cursor, [partition], 1_000)).seen).toEqual([]);
      await store().commit(partition, [create(sample("c", "1")), upsert(sample("a", "2"))]);
      for (const limit of [1, 1_000]) {
        const { seen } = await follow(cursor, [partition], limit);
        expect(seen.map(({ id, value }) => `${id} ${value}`).sort()).toEqual(["a 2", "c 1"]);
      }
    });

    it("resumes from the cursor of any page without a gap", async () => {
      const partition = newPartition();
      const ids = Array.from({ length: 12 }, (_, index) => `d${String(index).padStart(2, "0")}`);
      const { cursor: start } = await follow(undefined, [], 1_000);
      for (const id of ids) await store().commit(partition, [create(sample(id, "x"))]);
      const behind: string[] = [];
      let cursor = start;
      for (;;) {
        const rest = (await follow(cursor, [partition], 1_000)).seen.map(({ id }) => id);
        expect([...behind, ...rest]).toEqual(expect.arrayContaining(ids));
        const page = await store().changes(cursor, 5);
        if (page.changes.length === 0) break;
        for (const change of page.changes) {
          if (change.partition === partition) behind.push(change.stored.document.id);
        }
        cursor = page.cursor;
      }
      expect(new Set(behind)).toEqual(new Set(ids));
    });

    it("shows a document in its latest version, with the etag that a read gives", async () => {
      const partition = newPartition();
      const { cursor } = await follow(undefined, [], 1_000);
      for (let index = 0; index < 20; index++) {
        await store().commit(partition, [upsert(sample("a", String(index)))]);
      }
      const page = await store().changes(cursor, 1_000);
      const own = page.changes.filter((change) => change.partition === partition);
      expect(own.length).toBeGreaterThan(0);
      const last = own.at(-1)?.stored as Stored<Sample> | undefined;
      expect(last?.document.value).toBe("19");
      expect(last?.etag).toBe(await etagOf(store(), partition, "a"));
    });

    it("shows no document that was deleted, and shows it when it is made again", async () => {
      const partition = newPartition();
      const { cursor } = await follow(undefined, [], 1_000);
      await store().commit(partition, [create(sample("a", "1")), create(sample("b", "1"))]);
      await store().commit(partition, [remove("a", await etagOf(store(), partition, "a"))]);
      expect((await follow(cursor, [partition], 10)).seen.map(({ id }) => id)).toEqual(["b"]);
      await store().commit(partition, [create(sample("a", "2"))]);
      const { seen } = await follow(cursor, [partition], 10);
      expect(seen.map(({ id, value }) => `${id} ${value}`).sort()).toEqual(["a 2", "b 1"]);
    });

    it("shows every document of a commit of 100", async () => {
      const partition = newPartition();
      const { cursor } = await follow(undefined, [], 1_000);
      const ids = Array.from({ length: 100 }, (_, index) => `d${index}`);
      await store().commit(
        partition,
        ids.map((id) => create(sample(id))),
      );
      for (const limit of [7, 1_000]) {
        const { seen } = await follow(cursor, [partition], limit);
        expect(new Set(seen.map(({ id }) => id))).toEqual(new Set(ids));
      }
    });

    it.runIf(capabilities.partitions !== false)("loses nothing while writers are at work", async () => {
      const partitions = [newPartition(), newPartition(), newPartition()];
      const { cursor: start } = await follow(undefined, [], 1_000);
      let writers = partitions.length;
      const write = async (partition: string) => {
        for (let index = 0; index < 40; index++) {
          await store().commit(partition, [
            create(sample(`d${index}`, "1")),
            upsert(sample("hot", String(index))),
          ]);
          await new Promise((resolve) => setImmediate(resolve));
        }
        writers -= 1;
      };
      const seen = new Set<string>();
      const read = async () => {
        let cursor = start;
        for (;;) {
          const last = writers === 0;
          const page = await store().changes(cursor, 9);
          cursor = page.cursor;
          for (const { partition, stored } of page.changes) {
            seen.add(`${partition} ${stored.document.id} ${(stored.document as Sample).value}`);
          }
          if (last && page.changes.length === 0) return;
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await Promise.all([...partitions.map(write), read()]);
      for (const partition of partitions) {
        for (let index = 0; index < 40; index++) expect(seen).toContain(`${partition} d${index} 1`);
        expect(seen).toContain(`${partition} hot 39`);
      }
    });
  });
}
