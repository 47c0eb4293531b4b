import { expect, it } from "vitest";
import type { DocumentStore } from "../../shared/ports/document-store.ts";
import type { DocumentStoreCapabilities } from "./document-store.ts";
import {
  create,
  etagOf,
  newPartition,
  readFresh,
  remove,
  replace,
  sample,
  upsert,
} from "./sample-documents.ts";

export function commitContract(store: () => DocumentStore, capabilities: DocumentStoreCapabilities): void {
  it("finds nothing where nothing was written", async () => {
    const partition = newPartition();
    expect(await store().read(partition, "a", { fresh: true })).toBeUndefined();
    expect(await store().read(partition, "a", { fresh: false })).toBeUndefined();
  });

  it("gives a created document back as it was", async () => {
    const partition = newPartition();
    const document = {
      ...sample("t:v1.0", 'quotes " and \\ and / and \u00e4\u{1f433}\u0000 and \u2028', "t:000001:v1.0"),
      expiresAt: 4_102_444_800,
      list: [1, 2.5, -0.125, true, false, null, "", []],
      nested: { empty: {}, "key with ~ and :": [{ deep: "x" }] },
      bytes: 2 ** 53 - 1,
    };
    expect(await store().commit(partition, [create(document)])).toBe("committed");
    const stored = await readFresh(store(), partition, "t:v1.0");
    expect(stored?.document).toEqual(document);
    expect(stored?.etag).not.toBe("");
  });

  it.runIf(capabilities.absence !== false)("finds nothing that only another partition has", async () => {
    const [partition, other] = [newPartition(), newPartition()];
    await store().commit(other, [create(sample("a", "there"))]);
    for (const fresh of [true, false]) {
      expect(await store().read(partition, "a", { fresh })).toBeUndefined();
    }
    expect(await store().commit(partition, [remove("a", await etagOf(store(), other, "a"))])).toBe(
      "conflict",
    );
    expect((await readFresh(store(), other, "a"))?.document.value).toBe("there");
  });

  it.runIf(capabilities.partitions !== false)(
    "keeps partitions apart, whatever their names have in common",
    async () => {
      const partition = newPartition();
      const others = [
        `${partition}x`,
        `${partition}~`,
        partition.slice(0, -1),
        partition.replace("hello", "HELLO"),
      ];
      for (const [index, name] of [partition, ...others].entries()) {
        expect(await store().commit(name, [create(sample("a", String(index)))])).toBe("committed");
      }
      for (const [index, name] of [partition, ...others].entries()) {
        expect((await readFresh(store(), name, "a"))?.document.value).toBe(String(index));
        const page = await store().list(name, { by: "id", limit: 10, fresh: true });
        expect(page.documents).toHaveLength(1);
      }
    },
  );

  it("does not create what is there", async () => {
    const partition = newPartition();
    await store().commit(partition, [create(sample("a", "first"))]);
    expect(await store().commit(partition, [create(sample("a", "second"))])).toBe("conflict");
    expect((await readFresh(store(), partition, "a"))?.document.value).toBe("first");
  });

  it("creates again what was deleted", async () => {
    const partition = newPartition();
    await store().commit(partition, [create(sample("a", "first"))]);
    const etag = await etagOf(store(), partition, "a");
    expect(await store().commit(partition, [remove("a", etag)])).toBe("committed");
    expect(await readFresh(store(), partition, "a")).toBeUndefined();
    expect(await store().commit(partition, [create(sample("a", "second"))])).toBe("committed");
    expect((await readFresh(store(), partition, "a"))?.document.value).toBe("second");
  });

  it("upserts whether the document is there or not", async () => {
    const partition = newPartition();
    expect(await store().commit(partition, [upsert(sample("a", "first"))])).toBe("committed");
    expect(await store().commit(partition, [upsert(sample("a", "second"))])).toBe("committed");
    expect((await readFresh(store(), partition, "a"))?.document.value).toBe("second");
  });

  it("replaces a document whole", async () => {
    const partition = newPartition();
    const rich = { ...sample("a", "first", "rank"), more: "fields" };
    await store().commit(partition, [create(rich)]);
    const etag = await etagOf(store(), partition, "a");
    expect(await store().commit(partition, [replace(sample("a", "second"), etag)])).toBe("committed");
    expect((await readFresh(store(), partition, "a"))?.document).toEqual(sample("a", "second"));
  });

  it("applies every operation of a commit", async () => {
    const partition = newPartition();
    await store().commit(partition, [create(sample("gone", "x")), create(sample("changed", "before"))]);
    const outcome = await store().commit(partition, [
      remove("gone", await etagOf(store(), partition, "gone")),
      replace(sample("changed", "after"), await etagOf(store(), partition, "changed")),
      create(sample("new", "new")),
      upsert(sample("put", "put")),
    ]);
    expect(outcome).toBe("committed");
    const page = await store().list(partition, { by: "id", limit: 10, fresh: true });
    expect(page.documents.map(({ document }) => document)).toEqual([
      sample("changed", "after"),
      sample("new", "new"),
      sample("put", "put"),
    ]);
  });

  it("shows an acknowledged commit to every fresh read that starts later", async () => {
    const partition = newPartition();
    for (let round = 0; round < 50; round++) {
      await store().commit(partition, [upsert(sample("a", String(round)))]);
      expect((await readFresh(store(), partition, "a"))?.document.value).toBe(String(round));
      const page = await store().list(partition, { by: "id", limit: 1, fresh: true });
      expect(page.documents[0]?.document).toEqual(sample("a", String(round)));
    }
  });

  it.runIf(capabilities.etags)("never gives an etag twice to different writes", async () => {
    const partition = newPartition();
    const etags = new Set<string>();
    for (let round = 0; round < 20; round++) {
      await store().commit(partition, [upsert(sample("a", "same")), upsert(sample("b", "same"))]);
      const etag = await etagOf(store(), partition, "a");
      expect(etag).toBe(await etagOf(store(), partition, "a"));
      etags.add(etag);
      if (round % 3 === 0) await store().commit(partition, [remove("a", etag)]);
    }
    expect(etags.size).toBe(20);
  });

  it.runIf(capabilities.etags)("gives lists and reads the same etags", async () => {
    const partition = newPartition();
    await store().commit(partition, [create(sample("a", "", "r"))]);
    const etag = await etagOf(store(), partition, "a");
    for (const by of ["id", "rank"] as const) {
      const page = await store().list(partition, { by, limit: 1, fresh: true });
      expect(page.documents[0]?.etag).toBe(etag);
    }
  });

  // To replace and to delete under an etag are two promises: an emulator may keep only one of them.
  const underEtags = [
    { verb: "replace", operation: (id: string, etag: string) => replace(sample(id, "3"), etag), can: true },
    { verb: "delete", operation: remove, can: capabilities.etagsOfDeletes !== false },
  ];
  for (const { verb, operation, can } of underEtags) {
    it.runIf(capabilities.etags && can)(
      `does not ${verb} under an etag of an earlier version, of another document and of none`,
      async () => {
        const partition = newPartition();
        await store().commit(partition, [create(sample("a", "1")), create(sample("b", "1"))]);
        const old = await etagOf(store(), partition, "a");
        const foreign = await etagOf(store(), partition, "b");
        await store().commit(partition, [replace(sample("a", "2"), old)]);
        for (const etag of [old, foreign]) {
          expect(await store().commit(partition, [operation("a", etag)])).toBe("conflict");
        }
        expect((await readFresh(store(), partition, "a"))?.document.value).toBe("2");
        expect(await store().commit(partition, [operation("absent", foreign)])).toBe("conflict");
        expect(await readFresh(store(), partition, "absent")).toBeUndefined();
      },
    );

    it.runIf(capabilities.etags && can)(
      `does not ${verb} under the etag that a document had before it was deleted and made again`,
      async () => {
        const partition = newPartition();
        await store().commit(partition, [create(sample("a", "same"))]);
        const old = await etagOf(store(), partition, "a");
        await store().commit(partition, [remove("a", old)]);
        await store().commit(partition, [create(sample("a", "same"))]);
        expect(await store().commit(partition, [operation("a", old)])).toBe("conflict");
      },
    );
  }

  it.runIf(capabilities.atomicBatches && capabilities.etags)(
    "leaves nothing of a commit that conflicts, wherever in it the conflict is",
    async () => {
      const partition = newPartition();
      await store().commit(partition, [create(sample("x", "1", "rank-x")), create(sample("y", "1"))]);
      const stale = await etagOf(store(), partition, "x");
      await store().commit(partition, [replace(sample("x", "2", "rank-x"), stale)]);
      const current = await etagOf(store(), partition, "y");
      const good = [
        create(sample("n1", "", "rank-n")),
        upsert(sample("n2")),
        replace(sample("y", "9"), current),
      ];
      const bad = [
        create(sample("x")),
        replace(sample("x", "9"), stale),
        remove("x", stale),
        remove("none", stale),
      ];
      const before = await store().list(partition, { by: "id", limit: 10, fresh: true });
      for (const operation of bad) {
        for (let at = 0; at <= good.length; at++) {
          const operations = [...good.slice(0, at), operation, ...good.slice(at)];
          expect(await store().commit(partition, operations)).toBe("conflict");
        }
      }
      expect(await store().list(partition, { by: "id", limit: 10, fresh: true })).toEqual(before);
      const ranked = await store().list(partition, { by: "rank", limit: 10, fresh: true });
      expect(ranked.documents.map(({ document }) => document.id)).toEqual(["x"]);
    },
  );
}
