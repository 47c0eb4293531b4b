import { expect, it } from "vitest";
import type { DocumentStore, Operation } from "../../shared/ports/document-store.ts";
import type { DocumentStoreCapabilities } from "./document-store.ts";
import {
  create,
  etagOf,
  fill,
  newPartition,
  readFresh,
  remove,
  replace,
  sample,
  upsert,
} from "./sample-documents.ts";

export function limitsContract(store: () => DocumentStore, capabilities: DocumentStoreCapabilities): void {
  it("takes ids of 1,023 bytes and tells them apart at the last byte", async () => {
    const partition = newPartition();
    const prefix = "i".repeat(1_022);
    await fill(store(), partition, [
      sample(`${prefix}b`, "b"),
      sample(`${prefix}a`, "a"),
      sample(prefix, "0"),
    ]);
    expect((await readFresh(store(), partition, `${prefix}a`))?.document.value).toBe("a");
    const page = await store().list(partition, { by: "id", after: prefix, limit: 10, fresh: true });
    expect(page.documents.map(({ document }) => document.id.at(-1))).toEqual(["a", "b"]);
  });

  const ids = "takes every printable ASCII character in an id but the four that are forbidden";
  it.runIf(capabilities.everyId !== false)(ids, async () => {
    const partition = newPartition();
    const characters = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
    const ids = characters.filter((character) => !"/\\?#".includes(character)).map((c) => `c${c}x`);
    await fill(
      store(),
      partition,
      ids.map((id) => sample(id, id)),
    );
    for (const id of ids) expect((await readFresh(store(), partition, id))?.document.value).toBe(id);
    const page = await store().list(partition, { by: "id", limit: 100, fresh: true });
    expect(page.documents.map(({ document }) => document.id)).toEqual(ids);
  });

  it.runIf(capabilities.partitions !== false)(
    "takes partitions with the longest repository name",
    async () => {
      const name = `${"a/".repeat(127)}a`;
      const partition = newPartition().replace("library/hello-world", name);
      await fill(store(), partition, [sample("a", "in the long one")]);
      await fill(store(), partition.replace(name, `${name.slice(0, -1)}b`), [sample("a", "in the other")]);
      expect((await readFresh(store(), partition, "a"))?.document.value).toBe("in the long one");
    },
  );

  it("takes 100 operations in a commit, of every kind", async () => {
    const partition = newPartition();
    await fill(
      store(),
      partition,
      Array.from({ length: 50 }, (_, index) => sample(`old${index}`, "1")),
    );
    const operations: Operation[] = [];
    for (let index = 0; index < 50; index++) {
      const id = `old${index}`;
      const etag = await etagOf(store(), partition, id);
      operations.push(index % 2 === 0 ? remove(id, etag) : replace(sample(id, "2"), etag));
      operations.push(index % 2 === 0 ? create(sample(`new${index}`)) : upsert(sample(`put${index}`)));
    }
    expect(operations).toHaveLength(100);
    expect(await store().commit(partition, operations)).toBe("committed");
    const page = await store().list(partition, { by: "id", limit: 200, fresh: true });
    expect(page.documents).toHaveLength(75);
  });

  it("takes one large document, and many that are large together", async () => {
    const partition = newPartition();
    const large = "L".repeat(1_400_000);
    expect(await store().commit(partition, [create(sample("large", large))])).toBe("committed");
    expect((await readFresh(store(), partition, "large"))?.document.value).toBe(large);
    const etag = await etagOf(store(), partition, "large");
    const other = "M".repeat(1_400_000);
    expect(await store().commit(partition, [replace(sample("large", other), etag)])).toBe("committed");
    expect((await readFresh(store(), partition, "large"))?.document.value).toBe(other);

    const parts = Array.from({ length: 40 }, (_, index) => sample(`part${index}`, `${index}`.repeat(16_000)));
    expect(await store().commit(partition, parts.map(create))).toBe("committed");
    const page = await store().list(partition, { by: "id", after: "part", limit: 100, fresh: true });
    expect(page.documents).toHaveLength(40);
    for (const { document } of page.documents) expect(parts).toContainEqual(document);
  });

  it.runIf(capabilities.refusesBadCommits)("refuses ids that no store need take", async () => {
    const partition = newPartition();
    for (const id of ["", "a/b", "a\\b", "a?b", "a#b", "a\nb", "a\u00e4", "i".repeat(1_024)]) {
      const bad = [create(sample("fine")), upsert(sample(id))];
      await expect(store().commit(partition, bad), `id ${JSON.stringify(id)}`).rejects.toThrow();
    }
    expect(await readFresh(store(), partition, "fine")).toBeUndefined();
  });

  it.runIf(capabilities.refusesBadCommits)("refuses commits of no or of too many operations", async () => {
    const partition = newPartition();
    const many = Array.from({ length: 101 }, (_, index) => create(sample(`a${index}`)));
    await expect(store().commit(partition, many)).rejects.toThrow();
    await expect(store().commit(partition, [])).rejects.toThrow();
    const page = await store().list(partition, { by: "id", limit: 1, fresh: true });
    expect(page.documents).toEqual([]);
  });

  it.runIf(capabilities.refusesBadCommits)("refuses commits of more than 1.5 MB", async () => {
    const partition = newPartition();
    const half = "H".repeat(751_000);
    const bad = [create(sample("a", half)), create(sample("b", half))];
    await expect(store().commit(partition, bad)).rejects.toThrow();
    expect(await readFresh(store(), partition, "a")).toBeUndefined();
  });

  it.runIf(capabilities.refusesBadCommits)("refuses commits that name a document twice", async () => {
    const partition = newPartition();
    await fill(store(), partition, [sample("a", "1")]);
    const etag = await etagOf(store(), partition, "a");
    const second = [create(sample("a")), upsert(sample("a")), replace(sample("a"), etag), remove("a", etag)];
    for (const operation of second) {
      await expect(store().commit(partition, [upsert(sample("a", "2")), operation])).rejects.toThrow();
    }
    expect((await readFresh(store(), partition, "a"))?.document.value).toBe("1");
  });

  it.runIf(capabilities.refusesBadCommits)("refuses pages of none and of more than 1,000", async () => {
    const partition = newPartition();
    for (const limit of [0, -1, 1.5, 1_001]) {
      await expect(store().list(partition, { by: "id", limit, fresh: true })).rejects.toThrow();
    }
  });
}
