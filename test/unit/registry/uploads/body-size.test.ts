import { describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import { usualTiers } from "../../../../shared/domain/tiers/table.ts";
import {
  checkAnnouncedSize,
  checkBlocks,
  checkReceivedSize,
  roomOf,
} from "../../../../shared/registry/uploads/body-size.ts";

const wrongLength = expect.objectContaining({ code: "SIZE_INVALID", status: 400 });
const tooLarge = expect.objectContaining({ code: "SIZE_INVALID", status: 413 });

const room = (offset: number) => roomOf({ tiers: usualTiers }, { tier: "Basic" }, offset);
const announcing = (length: number | undefined) => ({ length });

describe("an announced length", () => {
  test("must be that of the range, where there is one", () => {
    checkAnnouncedSize(room(10), announcing(5), { start: 10, end: 14 });
    for (const length of [0, 4, 6]) {
      expect(() => checkAnnouncedSize(room(10), announcing(length), { start: 10, end: 14 })).toThrow(
        wrongLength,
      );
    }
  });

  test("may be left open", () => {
    checkAnnouncedSize(room(0), announcing(undefined), { start: 0, end: 14 });
    checkAnnouncedSize(room(limits.blobBytesMax), announcing(undefined), undefined);
  });

  test("must not make the blob too large, together with what is there", () => {
    checkAnnouncedSize(room(0), announcing(limits.blobBytesMax), undefined);
    checkAnnouncedSize(room(limits.blobBytesMax - 5), announcing(5), undefined);
    expect(() => checkAnnouncedSize(room(0), announcing(limits.blobBytesMax + 1), undefined)).toThrow(
      tooLarge,
    );
    expect(() => checkAnnouncedSize(room(limits.blobBytesMax - 5), announcing(6), undefined)).toThrow(
      tooLarge,
    );
  });
});

test("the bytes that came must be as many as the range says", () => {
  checkReceivedSize(5, undefined);
  checkReceivedSize(5, { start: 10, end: 14 });
  expect(() => checkReceivedSize(4, { start: 10, end: 14 })).toThrow(wrongLength);
  expect(() => checkReceivedSize(6, { start: 10, end: 14 })).toThrow(wrongLength);
});

test("the blocks of all requests together must not be more than the store takes", () => {
  const run = (blocks: number) => ({ nonce: "n", blocks });
  checkBlocks([], 0);
  checkBlocks([run(30_000), run(20_000)], 50_000);
  expect(() => checkBlocks([run(30_000), run(20_001)], 50_000)).toThrow(tooLarge);
  expect(() => checkBlocks([run(50_001)], 50_000)).toThrow("at most 50000 blocks");
});

test("who sends a blob that is too large is told how large it may be, and where it may be larger", () => {
  expect(room(0).refusal()).toEqual(tooLarge);
  expect(room(0).refusal().message).toBe("tier Basic allows 200 GiB in one blob; no tier allows more");
  const tiers = { ...usualTiers, Basic: { ...usualTiers.Basic, layerBytesMax: 1000 } };
  const basic = roomOf({ tiers }, { tier: "Basic" }, 995);
  expect(basic.bytes).toBe(5);
  expect(basic.refusal().message).toBe(
    "tier Basic allows 1,000 bytes in one blob; Standard allows 200 GiB, Premium 200 GiB",
  );
});
