import { describe, expect, it } from "vitest";
import type { BlobStore, Staged } from "../../shared/ports/blob-store.ts";
import type { BlobStoreCapabilities } from "./blob-store.ts";
import {
  blocksOf,
  collect,
  newNonce,
  newPlace,
  nothing,
  propertiesOf,
  readAt,
  sampleBytes,
  stageRun,
} from "./sample-blobs.ts";

export function stageContract(store: () => BlobStore, capabilities: BlobStoreCapabilities): void {
  const sizes = () => {
    const block = store().blockBytes;
    return [1, block - 1, block, block + 1, 2 * block, 2 * block + 1];
  };

  it("makes one run the bytes of a place, whatever its length is", async () => {
    for (const size of sizes()) {
      const [place, bytes] = [newPlace(), sampleBytes(size)];
      const { staged } = await stageRun(store(), place, nothing, bytes);
      expect(await readAt(store(), place, 0, size - 1)).toBeUndefined();
      await store().commit(place, staged, propertiesOf(bytes));
      expect((await readAt(store(), place, 0, size - 1))?.equals(bytes)).toBe(true);
    }
  });

  it("appends runs in order, each ending in a block of any length", async () => {
    const place = newPlace();
    const bytes = Buffer.concat(sizes().map((size, index) => sampleBytes(size, index)));
    let staged: Staged = nothing;
    for (const [index, size] of sizes().entries()) {
      ({ staged } = await stageRun(store(), place, staged, sampleBytes(size, index)));
    }
    expect(staged.bytes).toBe(bytes.byteLength);
    await store().commit(place, staged, propertiesOf(bytes));
    expect((await readAt(store(), place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
  });

  it("takes blocks made of several pieces", async () => {
    const block = store().blockBytes;
    const [place, bytes] = [newPlace(), sampleBytes(2 * block)];
    const writer = await store().extend(place, nothing, newNonce());
    await writer.abandon();
    const nonce = newNonce();
    const other = await store().extend(place, nothing, nonce);
    for (const whole of blocksOf(bytes, block)) {
      const cut = Math.floor(block / 3);
      await other.stage([
        whole.subarray(0, 1),
        whole.subarray(1, 1),
        whole.subarray(1, cut),
        whole.subarray(cut),
      ]);
    }
    await other.finish();
    await store().commit(place, { runs: [{ nonce, blocks: 2 }], bytes: 2 * block }, propertiesOf(bytes));
    expect((await readAt(store(), place, 0, 2 * block - 1))?.equals(bytes)).toBe(true);
  });

  it("keeps blocks that are staged at once in the order of the calls", async () => {
    const block = store().blockBytes;
    const [place, bytes] = [newPlace(), sampleBytes(5 * block + 3)];
    const nonce = newNonce();
    const writer = await store().extend(place, nothing, nonce);
    await Promise.all(blocksOf(bytes, block).map((piece) => writer.stage([piece])));
    await writer.finish();
    const staged = { runs: [{ nonce, blocks: 6 }], bytes: bytes.byteLength };
    expect((await collect(store().openStaged(place, staged))).equals(bytes)).toBe(true);
    await store().commit(place, staged, propertiesOf(bytes));
    expect((await readAt(store(), place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
  });

  it("lets runs race behind the same bytes; the commit says which count", async () => {
    const block = store().blockBytes;
    const place = newPlace();
    const head = sampleBytes(block + 1);
    const { staged: first } = await stageRun(store(), place, nothing, head);
    const tails = [sampleBytes(block + 5, 1), sampleBytes(2, 2), sampleBytes(3 * block, 3)];
    const runs = await Promise.all(tails.map((tail) => stageRun(store(), place, first, tail)));
    for (const [index, { staged }] of runs.entries()) {
      const expected = Buffer.concat([head, tails[index] ?? Buffer.alloc(0)]);
      expect((await collect(store().openStaged(place, staged))).equals(expected)).toBe(true);
    }
    const second = runs[1]?.staged ?? nothing;
    const { staged: full } = await stageRun(store(), place, second, sampleBytes(7, 4));
    const bytes = Buffer.concat([head, sampleBytes(2, 2), sampleBytes(7, 4)]);
    await store().commit(place, full, propertiesOf(bytes));
    expect((await readAt(store(), place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
  });

  it("drops by abandoning what one writer staged, and only that", async () => {
    const place = newPlace();
    const head = sampleBytes(9);
    const { staged: first } = await stageRun(store(), place, nothing, head);
    const half = await store().extend(place, first, newNonce());
    await half.stage([sampleBytes(5, 1)]);
    const { writer: whole } = await stageRun(store(), place, first, sampleBytes(6, 2));
    const { staged: kept } = await stageRun(store(), place, first, sampleBytes(7, 3));
    await half.abandon();
    await whole.abandon();
    await whole.abandon();
    const bytes = Buffer.concat([head, sampleBytes(7, 3)]);
    expect((await collect(store().openStaged(place, kept))).equals(bytes)).toBe(true);
    await store().commit(place, kept, propertiesOf(bytes));
    expect((await readAt(store(), place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
  });

  it("keeps committed bytes as they are, whatever late writers of the upload do", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(store().blockBytes + 1)];
    const { staged, writer } = await stageRun(store(), place, nothing, bytes);
    const open = await store().extend(place, staged, newNonce());
    await open.stage([sampleBytes(3, 1)]);
    await store().commit(place, staged, propertiesOf(bytes));
    const late = await store().extend(place, staged, newNonce());
    await late.stage([sampleBytes(4, 2)]);
    await late.finish();
    await open.abandon();
    await late.abandon();
    await writer.abandon();
    await store().discard(place, staged);
    expect((await readAt(store(), place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
  });

  it("reads back what is staged, up to the end of any run", async () => {
    const place = newPlace();
    let staged: Staged = nothing;
    let bytes = Buffer.alloc(0);
    expect(await collect(store().openStaged(place, staged))).toHaveLength(0);
    for (const [index, size] of sizes().entries()) {
      ({ staged } = await stageRun(store(), place, staged, sampleBytes(size, index)));
      bytes = Buffer.concat([bytes, sampleBytes(size, index)]);
      for (let again = 0; again < 2; again++) {
        expect((await collect(store().openStaged(place, staged))).equals(bytes)).toBe(true);
      }
    }
  });

  it("commits the same blocks again without harm, one after the other or at once", async () => {
    for (const runs of [1, 3]) {
      const place = newPlace();
      let staged: Staged = nothing;
      const parts = Array.from({ length: runs }, (_, index) =>
        sampleBytes(store().blockBytes + index, index),
      );
      for (const part of parts) ({ staged } = await stageRun(store(), place, staged, part));
      const bytes = Buffer.concat(parts);
      const again = () => store().commit(place, staged, propertiesOf(bytes));
      await again();
      await again();
      await Promise.all([again(), again()]);
      expect((await readAt(store(), place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
    }
  });

  it("takes commits of one upload that race", async () => {
    for (let round = 0; round < 10; round++) {
      const place = newPlace();
      const [head, tail] = [sampleBytes(10, round), sampleBytes(11, round + 1)];
      const { staged: first } = await stageRun(store(), place, nothing, head);
      const { staged } = await stageRun(store(), place, first, tail);
      const bytes = Buffer.concat([head, tail]);
      await Promise.all([1, 2, 3].map(() => store().commit(place, staged, propertiesOf(bytes))));
      expect((await readAt(store(), place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
    }
  });

  describe.runIf(capabilities.missesBlocks)("when staged blocks are gone", () => {
    const unknown = expect.objectContaining({ code: "BLOB_UPLOAD_UNKNOWN" });

    it("refuses to commit or to read back what was discarded", async () => {
      const [place, bytes] = [newPlace(), sampleBytes(12)];
      const { staged: first } = await stageRun(store(), place, nothing, bytes);
      const { staged } = await stageRun(store(), place, first, bytes);
      await store().discard(place, staged);
      await store().discard(place, staged);
      const twice = Buffer.concat([bytes, bytes]);
      await expect(store().commit(place, staged, propertiesOf(twice))).rejects.toEqual(unknown);
      await expect(collect(store().openStaged(place, staged))).rejects.toEqual(unknown);
      expect(await readAt(store(), place, 0, 0)).toBeUndefined();
    });

    it("refuses to commit when one run of several is not there, and leaves nothing half readable", async () => {
      const [place, bytes] = [newPlace(), sampleBytes(12)];
      const { staged: first } = await stageRun(store(), place, nothing, bytes);
      const missing = { runs: [...first.runs, { nonce: newNonce(), blocks: 1 }], bytes: 24 };
      const twice = Buffer.concat([bytes, bytes]);
      await expect(store().commit(place, missing, propertiesOf(twice))).rejects.toEqual(unknown);
      await expect(collect(store().openStaged(place, missing))).rejects.toEqual(unknown);
      expect(await readAt(store(), place, 0, 0)).toBeUndefined();
      await store().commit(place, first, propertiesOf(bytes));
      expect((await readAt(store(), place, 0, 11))?.equals(bytes)).toBe(true);
    });

    it.runIf(capabilities.dropsAbandoned)("refuses to commit what was abandoned", async () => {
      const [place, bytes] = [newPlace(), sampleBytes(12)];
      const { staged, writer } = await stageRun(store(), place, nothing, bytes);
      await writer.abandon();
      await expect(store().commit(place, staged, propertiesOf(bytes))).rejects.toEqual(unknown);
      expect(await readAt(store(), place, 0, 0)).toBeUndefined();
    });

    it("refuses to commit again what was committed and then deleted", async () => {
      const [place, bytes] = [newPlace(), sampleBytes(12)];
      const { staged } = await stageRun(store(), place, nothing, bytes);
      await store().commit(place, staged, propertiesOf(bytes));
      await store().delete(place);
      await expect(store().commit(place, staged, propertiesOf(bytes))).rejects.toEqual(unknown);
      expect(await readAt(store(), place, 0, 0)).toBeUndefined();
    });
  });

  it.runIf(capabilities.findsUnfinished)(
    "drops uploads that were never committed, and no others",
    async () => {
      const bytes = sampleBytes(20);
      const [committed, unfinished, unfinishedToo, put] = [newPlace(), newPlace(), newPlace(), newPlace()];
      const { staged } = await stageRun(store(), committed, nothing, bytes);
      await store().commit(committed, staged, propertiesOf(bytes));
      await store().put(put, bytes, propertiesOf(bytes));
      const left = await stageRun(store(), unfinished, nothing, bytes);
      await stageRun(store(), unfinished, left.staged, bytes);
      await stageRun(store(), unfinishedToo, nothing, bytes);

      const hour = 3_600_000;
      await store().discardUnfinished(Date.now() - hour);
      expect((await collect(store().openStaged(unfinished, left.staged))).equals(bytes)).toBe(true);

      expect(await store().discardUnfinished(Date.now() + hour)).toBeGreaterThanOrEqual(2);
      expect(await store().discardUnfinished(Date.now() + hour)).toBe(0);
      await expect(collect(store().openStaged(unfinished, left.staged))).rejects.toThrow();
      for (const place of [committed, put]) {
        expect((await readAt(store(), place, 0, 19))?.equals(bytes)).toBe(true);
      }
    },
  );
}
