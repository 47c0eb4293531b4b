import { expect, it } from "vitest";
import type { BlobStore } from "../../shared/ports/blob-store.ts";
import { collect, newPlace, nothing, propertiesOf, readAt, sampleBytes, stageRun } from "./sample-blobs.ts";

export function readContract(store: () => BlobStore): void {
  it("finds nothing where nothing was stored", async () => {
    expect(await readAt(store(), newPlace(), 0, 0)).toBeUndefined();
  });

  it("stores a small blob in one call", async () => {
    for (const size of [1, 2, 4_096, 70_000]) {
      const [place, bytes] = [newPlace(), sampleBytes(size)];
      await store().put(place, bytes, propertiesOf(bytes));
      expect((await readAt(store(), place, 0, size - 1))?.equals(bytes)).toBe(true);
    }
  });

  it("stores a blob of no bytes", async () => {
    const [place, bytes] = [newPlace(), Buffer.alloc(0)];
    await store().put(place, bytes, propertiesOf(bytes));
    expect(await readAt(store(), place, 0, -1)).toEqual(bytes);
  });

  it("keeps what was stored when the caller uses his buffer again", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(100)];
    const mine = Buffer.from(bytes);
    await store().put(place, mine, propertiesOf(bytes));
    mine.fill(0);
    expect((await readAt(store(), place, 0, 99))?.equals(bytes)).toBe(true);
  });

  it("reads any range, across the boundaries of blocks and runs", async () => {
    const block = store().blockBytes;
    const place = newPlace();
    const [head, tail] = [sampleBytes(2 * block + 3, 1), sampleBytes(block + 1, 2)];
    const { staged: first } = await stageRun(store(), place, nothing, head);
    const { staged } = await stageRun(store(), place, first, tail);
    const bytes = Buffer.concat([head, tail]);
    await store().commit(place, staged, propertiesOf(bytes));
    const edges = [0, block, 2 * block, 2 * block + 3, 3 * block + 3, bytes.byteLength];
    const points = edges
      .flatMap((edge) => [edge - 1, edge, edge + 1])
      .filter((point) => point >= 0 && point < bytes.byteLength);
    for (const start of points) {
      for (const end of points.filter((point) => point >= start)) {
        const read = await readAt(store(), place, start, end);
        expect(read?.equals(bytes.subarray(start, end + 1)), `${start} to ${end}`).toBe(true);
      }
    }
  });

  it("lets many read one blob at once", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(3 * store().blockBytes)];
    const { staged } = await stageRun(store(), place, nothing, bytes);
    await store().commit(place, staged, propertiesOf(bytes));
    const reads = Array.from({ length: 10 }, async (_, index) => {
      const read = await readAt(store(), place, index, bytes.byteLength - 1);
      return read?.equals(bytes.subarray(index));
    });
    expect(await Promise.all(reads)).toEqual(reads.map(() => true));
  });

  it("goes on reading one blob while another is opened, half read and left", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(2 * store().blockBytes)];
    const { staged } = await stageRun(store(), place, nothing, bytes);
    await store().commit(place, staged, propertiesOf(bytes));
    const slow = await store().open(place, 0, bytes.byteLength - 1);
    if (slow === undefined) throw new Error("nothing is there");
    const read: Uint8Array[] = [];
    for await (const piece of slow) {
      read.push(piece);
      const other = await store().open(place, 1, bytes.byteLength - 1);
      // Leaving the loop must free what the store holds open.
      for await (const first of other ?? []) {
        expect(bytes.subarray(1, 1 + first.byteLength).equals(first)).toBe(true);
        break;
      }
    }
    expect(Buffer.concat(read).equals(bytes)).toBe(true);
  });

  it("lets an opened blob go unread", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(10)];
    await store().put(place, bytes, propertiesOf(bytes));
    const never = await store().open(place, 0, 9);
    expect(never).toBeDefined();
    const later = await store().open(place, 0, 9);
    if (later === undefined) throw new Error("nothing is there");
    expect((await collect(later)).equals(bytes)).toBe(true);
  });

  it("deletes bytes at once, and an absent place without complaint", async () => {
    const [place, neighbour, bytes] = [newPlace(), newPlace(), sampleBytes(10)];
    await store().put(neighbour, bytes, propertiesOf(bytes));
    await store().delete(place);
    const { staged: first } = await stageRun(store(), place, nothing, bytes);
    const { staged } = await stageRun(store(), place, first, bytes);
    const twice = Buffer.concat([bytes, bytes]);
    await store().commit(place, staged, propertiesOf(twice));
    await store().delete(place);
    expect(await readAt(store(), place, 0, 0)).toBeUndefined();
    await store().delete(place);
    await Promise.all([store().delete(place), store().delete(place)]);
    expect((await readAt(store(), neighbour, 0, 9))?.equals(bytes)).toBe(true);
  });

  it("signs a URL, or none where bytes are served through", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(10)];
    await store().put(place, bytes, propertiesOf(bytes));
    const signed = await store().sign(place, { seconds: 60, mediaType: "application/octet-stream" });
    if (signed !== undefined) expect(URL.canParse(signed)).toBe(true);
  });
}
