import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { digestBytes, type HashState, hasher, resumableHasher } from "../../../shared/domain/hash.ts";

const algorithms = ["sha256", "sha512"] as const;
const contents = fc.uint8Array({ maxLength: 1_000 });
const cuts = fc.array(fc.nat(1_000), { maxLength: 6 });

function cutAt(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const ends = [...at.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

async function resumed(from: HashState) {
  const next = await resumableHasher(from.algorithm, from);
  if (next === undefined) throw new Error("a state of this very build was refused");
  return next;
}

describe.each(algorithms)("%s", (algorithm) => {
  const expected = (bytes: Uint8Array) => `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;

  test("saved and loaded at random cuts is what node:crypto computes at once", async () => {
    await fc.assert(
      fc.asyncProperty(contents, cuts, async (bytes, at) => {
        let hash = await resumableHasher(algorithm);
        for (const piece of cutAt(bytes, at)) {
          hash.update(piece);
          hash = await resumed(JSON.parse(JSON.stringify(hash.save())));
        }
        expect(hash.digest()).toBe(expected(bytes));
      }),
      { numRuns: 60 },
    );
  });

  test("without a saved state is the same, in pieces and at once", async () => {
    await fc.assert(
      fc.asyncProperty(contents, cuts, async (bytes, at) => {
        const hash = hasher(algorithm);
        for (const piece of cutAt(bytes, at)) hash.update(piece);
        expect(hash.digest()).toBe(expected(bytes));
        expect(digestBytes(algorithm, bytes)).toBe(expected(bytes));
      }),
    );
  });

  test("goes on twice from one state without the two meeting", async () => {
    const start = await resumableHasher(algorithm);
    start.update(Buffer.from("common "));
    const state = start.save();
    const [left, right] = [await resumed(state), await resumed(state)];
    left.update(Buffer.from("left"));
    right.update(Buffer.from("right"));
    start.update(Buffer.from("start"));
    expect(left.digest()).toBe(expected(Buffer.from("common left")));
    expect(right.digest()).toBe(expected(Buffer.from("common right")));
    expect(start.digest()).toBe(expected(Buffer.from("common start")));
  });
});

describe("a saved state", () => {
  test("of another algorithm or another build is not taken", async () => {
    const state = (await resumableHasher("sha256")).save();
    expect(await resumableHasher("sha512", state)).toBeUndefined();
    expect(await resumableHasher("sha256", { ...state, version: "hash-wasm@4.12" })).toBeUndefined();
    expect(await resumableHasher("sha256", { ...state, version: "" })).toBeUndefined();
  });

  test("names the pinned version of the library that wrote it", async () => {
    const pinned = manifest.dependencies["hash-wasm"];
    const { version } = (await resumableHasher("sha256")).save();
    expect(`hash-wasm@${pinned}`.startsWith(`${version}.`)).toBe(true);
  });
});
