import { ulid } from "ulid";
import { expect, it } from "vitest";
import { placeName } from "../../shared/domain/place.ts";
import type { BlobStore, Container, StoredBytes } from "../../shared/ports/blob-store.ts";
import type { BlobStoreCapabilities } from "./blob-store.ts";
import { nothing, propertiesOf, readAt, sampleBytes, stageRun } from "./sample-blobs.ts";

function newContainer(): Container {
  return { account: "local", container: ulid().toLowerCase() };
}

/** All pages. */
async function listAll(
  store: BlobStore,
  container: Container,
  prefix: string,
  limit: number,
): Promise<{ stored: StoredBytes[]; pages: number }> {
  const stored: StoredBytes[] = [];
  let after: string | undefined;
  for (let pages = 1; ; pages++) {
    const page = await store.list(container, { prefix, limit, ...(after === undefined ? {} : { after }) });
    expect(page.stored.length).toBeLessThanOrEqual(limit);
    stored.push(...page.stored);
    if (page.next === undefined) return { stored, pages };
    after = page.next;
  }
}

export function containerContract(store: () => BlobStore, capabilities: BlobStoreCapabilities): void {
  const put = async (container: Container, name: string, bytes: Buffer): Promise<void> =>
    await store().put({ ...container, name }, bytes, propertiesOf(bytes));

  it("lists what is committed, a page at a time in the order of the names", async () => {
    const [container, other] = [newContainer(), newContainer()];
    const days = ["2025-12-31", "2026-01-01", "2026-01-02"].map((day) => Date.parse(day));
    const names = days.flatMap((day) => [1, 2, 3].map(() => placeName(day, ulid(day))));
    const bytes = sampleBytes(20);
    for (const name of names.toReversed()) await put(container, name, bytes);
    await put(other, names[0] ?? "", bytes);
    const begun = Date.now();
    for (const limit of [1, 2, 4, 1_000]) {
      const { stored, pages } = await listAll(store(), container, "u/", limit);
      expect(stored.map(({ place }) => place)).toEqual(
        names.toSorted().map((name) => ({ ...container, name })),
      );
      expect(pages).toBeGreaterThanOrEqual(names.length / limit);
      for (const { size, committedAt, properties } of stored) {
        expect(size).toBe(20);
        // The clock of the storage may differ a little, and count in seconds.
        expect(Math.abs(committedAt - begun)).toBeLessThan(60_000);
        expect(properties).toEqual(capabilities.keepsProperties ? propertiesOf(bytes) : undefined);
      }
    }
  });

  it("lists what begins with a prefix, be it less or more than a date", async () => {
    const container = newContainer();
    const names = ["u/2025-12-31/b", "u/2026-01-01/a", "u/2026-01-01/ab", "u/2026-01-02/a"];
    for (const name of names) await put(container, name, sampleBytes(1));
    for (const prefix of ["u/2026-01-01/", "u/2026-01", "u/2026-01-01/ab", "u/2027-", "u/"]) {
      const { stored } = await listAll(store(), container, prefix, 1);
      expect(stored.map(({ place }) => place.name)).toEqual(names.filter((name) => name.startsWith(prefix)));
    }
  });

  it("lists a blob of several runs once, and none that is not committed", async () => {
    const container = newContainer();
    const [done, open] = ["u/2026-01-01/done", "u/2026-01-01/open"].map((name) => ({ ...container, name }));
    if (done === undefined || open === undefined) throw new Error("no places");
    const bytes = sampleBytes(2 * store().blockBytes + 1);
    const { staged: first } = await stageRun(store(), done, nothing, bytes);
    const { staged } = await stageRun(store(), done, first, bytes);
    const twice = Buffer.concat([bytes, bytes]);
    await store().commit(done, staged, propertiesOf(twice));
    const { staged: unfinished } = await stageRun(store(), open, nothing, bytes);
    // What is staged may be committed under the hood, to be read back.
    for await (const piece of store().openStaged(open, unfinished))
      expect(piece.byteLength).toBeGreaterThan(0);
    const { stored } = await listAll(store(), container, "u/2026-01-01/", 10);
    expect(stored).toMatchObject([{ place: done, size: twice.byteLength }]);
    expect(stored).toHaveLength(1);
  });

  it("goes on listing where it was, though what it has listed was deleted", async () => {
    const container = newContainer();
    const names = ["a", "b", "c", "d", "e"].map((id) => `u/2026-01-01/${id}`);
    for (const name of names) await put(container, name, sampleBytes(1));
    const query = { prefix: "u/2026-01-01/", limit: 2 };
    const first = await store().list(container, query);
    for (const { place } of first.stored) await store().delete(place);
    const second = await store().list(container, { ...query, after: first.next ?? "" });
    const third = await store().list(container, { ...query, after: second.next ?? "" });
    const found = [...second.stored, ...third.stored].map(({ place }) => place.name);
    expect(found).toEqual(names.slice(2));
  });

  it("lists nothing of a container that is not there", async () => {
    expect(await store().list(newContainer(), { prefix: "u/", limit: 10 })).toEqual({ stored: [] });
  });

  it("refuses a page of none, and of too many", async () => {
    for (const limit of [0, 1_001, 1.5]) {
      await expect(store().list(newContainer(), { prefix: "u/", limit })).rejects.toThrow("a page has");
    }
  });

  it("removes a container with all that is in it, and no other", async () => {
    const [container, other] = [newContainer(), newContainer()];
    const name = "u/2026-01-01/a";
    const bytes = sampleBytes(10);
    for (const each of [container, other]) await put(each, name, bytes);
    await stageRun(store(), { ...container, name: "u/2026-01-01/open" }, nothing, bytes);
    await store().deleteContainer(container);
    expect(await readAt(store(), { ...container, name }, 0, 9)).toBeUndefined();
    expect(await store().list(container, { prefix: "u/", limit: 10 })).toEqual({ stored: [] });
    expect((await readAt(store(), { ...other, name }, 0, 9))?.equals(bytes)).toBe(true);
    await store().deleteContainer(container);
    await store().deleteContainer(newContainer());
  });
}
