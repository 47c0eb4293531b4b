import { describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import {
  blobTooLarge,
  checkAnnouncedSize,
  checkBlocks,
  checkReceivedSize,
} from "../../../../shared/registry/uploads/body-size.ts";

const wrongLength = expect.objectContaining({ code: "SIZE_INVALID", status: 400 });
const tooLarge = expect.objectContaining({ code: "SIZE_INVALID", status: 413 });

const announcing = (length: number | undefined) => ({ length });

describe("an announced length", () => {
  test("must be that of the range, where there is one", () => {
    checkAnnouncedSize(10, announcing(5), { start: 10, end: 14 });
    for (const length of [0, 4, 6]) {
      expect(() => checkAnnouncedSize(10, announcing(length), { start: 10, end: 14 })).toThrow(wrongLength);
    }
  });

  test("may be left open", () => {
    checkAnnouncedSize(0, announcing(undefined), { start: 0, end: 14 });
    checkAnnouncedSize(limits.blobBytesMax, announcing(undefined), undefined);
  });

  test("must not make the blob too large, together with what is there", () => {
    checkAnnouncedSize(0, announcing(limits.blobBytesMax), undefined);
    checkAnnouncedSize(limits.blobBytesMax - 5, announcing(5), undefined);
    expect(() => checkAnnouncedSize(0, announcing(limits.blobBytesMax + 1), undefined)).toThrow(tooLarge);
    expect(() => checkAnnouncedSize(limits.blobBytesMax - 5, announcing(6), undefined)).toThrow(tooLarge);
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

test("who sends a blob that is too large is told how large it may be", () => {
  expect(blobTooLarge()).toEqual(tooLarge);
  expect(blobTooLarge().message).toContain(String(limits.blobBytesMax));
});
