import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RegistryError } from "../../../../shared/domain/errors.ts";
import { hasher } from "../../../../shared/domain/hash.ts";
import { limits } from "../../../../shared/domain/limits.ts";
import type { Room } from "../../../../shared/registry/uploads/body-size.ts";
import { stageBody } from "../../../../shared/registry/uploads/stage-body.ts";

const room = (bytes: number): Room => ({
  bytes,
  refusal: () => new RegistryError("SIZE_INVALID", { status: 413 }),
});
const anyLength = room(Number.MAX_SAFE_INTEGER);

async function* streamOf(
  chunks: readonly Uint8Array[],
  failure?: unknown,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
  if (failure !== undefined) throw failure;
}

/** Keeps the blocks in the order of the calls, and counts how many are under way. */
class SlowWriter {
  readonly blocks: Buffer[] = [];
  underWay = 0;
  mostUnderWay = 0;
  readonly #failAt: number;

  constructor(failAt = Number.POSITIVE_INFINITY) {
    this.#failAt = failAt;
  }

  async stage(block: readonly Uint8Array[]): Promise<void> {
    const index = this.blocks.push(Buffer.concat(block)) - 1;
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    await sleep(index % 3 === 0 ? 2 : 0);
    this.underWay -= 1;
    if (index >= this.#failAt) throw new Error(`the store took no block ${index}`);
  }
}

const quiet = { update: () => {} };

describe("a body that is staged", () => {
  test("is in the store whole, in order and in blocks, and was hashed once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 50 }),
        async (chunks, blockBytes) => {
          const writer = new SlowWriter();
          const hash = hasher("sha256");
          const whole = Buffer.concat(chunks);
          const staged = await stageBody(streamOf(chunks), writer, hash, blockBytes, anyLength);
          expect(staged).toEqual({
            bytes: whole.length,
            blocks: Math.ceil(whole.length / blockBytes),
            failure: undefined,
          });
          expect(Buffer.concat(writer.blocks)).toEqual(whole);
          expect(
            writer.blocks.every(
              (block, at) => at === writer.blocks.length - 1 || block.length === blockBytes,
            ),
          ).toBe(true);
          expect(writer.underWay).toBe(0);
          const once = hasher("sha256");
          once.update(whole);
          expect(hash.digest()).toBe(once.digest());
        },
      ),
      { numRuns: 30 },
    );
  });

  test("has only a few blocks under way at once, and its sender waits meanwhile", async () => {
    const writer = new SlowWriter();
    let sent = 0;
    const source = (async function* () {
      for (; sent < 50; sent += 1) {
        expect(sent - (writer.blocks.length - writer.underWay)).toBeLessThanOrEqual(limits.blocksInFlightMax);
        yield new Uint8Array(8);
      }
    })();
    await stageBody(source, writer, quiet, 8, anyLength);
    expect(writer.blocks).toHaveLength(50);
    expect(writer.mostUnderWay).toBeLessThanOrEqual(limits.blocksInFlightMax);
    expect(writer.mostUnderWay).toBeGreaterThan(1);
  });

  test("is kept as far as it came when its sender breaks off, and the reason is told", async () => {
    const reason = new Error("the body broke off");
    const writer = new SlowWriter();
    const hash = hasher("sha256");
    const staged = await stageBody(streamOf([new Uint8Array(20)], reason), writer, hash, 8, anyLength);
    expect(staged).toEqual({ bytes: 20, blocks: 3, failure: reason });
    expect(writer.blocks.map((block) => block.length)).toEqual([8, 8, 4]);
  });

  test("that breaks off with something that is no error is told as one", async () => {
    const staged = await stageBody(streamOf([], "gone"), new SlowWriter(), quiet, 8, anyLength);
    expect(staged.failure).toEqual(new Error("gone"));
  });

  test("may be as large as what is left, and not a byte larger", async () => {
    const chunks = [new Uint8Array(10), new Uint8Array(10)];
    const fits = await stageBody(streamOf(chunks), new SlowWriter(), quiet, 8, room(20));
    expect(fits.bytes).toBe(20);
    const writer = new SlowWriter();
    await expect(stageBody(streamOf(chunks), writer, quiet, 8, room(19))).rejects.toMatchObject({
      code: "SIZE_INVALID",
      status: 413,
    });
    expect(writer.underWay).toBe(0);
  });

  test("fails with the store, once nothing is under way any more, and reads no further", async () => {
    const writer = new SlowWriter(2);
    let sent = 0;
    const source = (async function* () {
      for (; sent < 1_000; sent += 1) yield new Uint8Array(8);
    })();
    await expect(stageBody(source, writer, quiet, 8, anyLength)).rejects.toThrow("the store took no block 2");
    expect(writer.underWay).toBe(0);
    expect(sent).toBeLessThan(20);
  });
});
