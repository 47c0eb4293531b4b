import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rechunk } from "../../../shared/domain/rechunk.ts";

/** The bytes 0, 1, 2 and so on, cut at `cuts` into views of one buffer. */
function split(length: number, cuts: readonly number[]): { whole: Uint8Array; chunks: Uint8Array[] } {
  const whole = Uint8Array.from({ length }, (_, index) => index % 251);
  const ends = [...cuts.map((cut) => cut % (length + 1)), length].sort((a, b) => a - b);
  return { whole, chunks: ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end)) };
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

async function blocksOf(chunks: readonly Uint8Array[], blockBytes: number): Promise<Uint8Array[][]> {
  return await Array.fromAsync(rechunk(streamOf(chunks), blockBytes));
}

const lengths = fc.nat(200);
const cuts = fc.array(fc.nat(), { maxLength: 20 });
const blockSizes = fc.integer({ min: 1, max: 60 });

describe("blocks", () => {
  test("are the same however the stream was split", async () => {
    await fc.assert(
      fc.asyncProperty(lengths, cuts, blockSizes, async (length, at, blockBytes) => {
        const { whole, chunks } = split(length, at);
        const blocks = (await blocksOf(chunks, blockBytes)).map((block) => Buffer.concat(block));
        const wanted: Buffer[] = [];
        for (let start = 0; start < length; start += blockBytes) {
          wanted.push(Buffer.from(whole.subarray(start, start + blockBytes)));
        }
        expect(blocks).toEqual(wanted);
      }),
    );
  });

  test("are made of the pieces that came, without a copy and without empty pieces", async () => {
    await fc.assert(
      fc.asyncProperty(lengths, cuts, blockSizes, async (length, at, blockBytes) => {
        const { whole, chunks } = split(length, at);
        for (const piece of (await blocksOf(chunks, blockBytes)).flat()) {
          expect(piece.buffer).toBe(whole.buffer);
          expect(piece.byteLength).toBeGreaterThan(0);
        }
      }),
    );
  });

  test("of nothing are none, with and without empty chunks", async () => {
    expect(await blocksOf([], 8)).toEqual([]);
    expect(await blocksOf([new Uint8Array(0), new Uint8Array(0)], 8)).toEqual([]);
  });

  test("come as soon as they are full: nothing is read ahead", async () => {
    let read = 0;
    const source = (async function* () {
      for (; read < 10; read += 1) yield new Uint8Array(8);
    })();
    const blocks = rechunk(source, 8);
    await blocks.next();
    expect(read).toBe(0);
    await blocks.next();
    expect(read).toBe(1);
    await blocks.return(undefined);
    expect(read).toBe(1);
  });

  test("end with the error that the stream ends with, after the full ones before it", async () => {
    const source = (async function* () {
      yield new Uint8Array(10);
      throw new Error("cut off");
    })();
    const blocks = rechunk(source, 8);
    expect((await blocks.next()).done).toBe(false);
    await expect(blocks.next()).rejects.toThrow("cut off");
  });
});
