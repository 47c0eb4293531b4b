import { describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import { usualTiers } from "../../../../shared/domain/tiers/table.ts";
import type { StorageQuota } from "../../../../shared/ports/storage-quota.ts";
import {
  checkAnnouncedSize,
  checkBlocks,
  checkReceivedSize,
  roomOf,
} from "../../../../shared/registry/uploads/body-size.ts";

const wrongLength = expect.objectContaining({ code: "SIZE_INVALID", status: 400 });
const tooLarge = expect.objectContaining({ code: "SIZE_INVALID", status: 413 });

const basic = { rid: "one", tier: "Basic" } as const;
const room = async (offset: number) => await roomOf({ tiers: usualTiers }, basic, offset);
const announcing = (length: number | undefined) => ({ length });

describe("an announced length", () => {
  test("must be that of the range, where there is one", async () => {
    const behind = await room(10);
    checkAnnouncedSize(behind, announcing(5), { start: 10, end: 14 });
    for (const length of [0, 4, 6]) {
      expect(() => checkAnnouncedSize(behind, announcing(length), { start: 10, end: 14 })).toThrow(
        wrongLength,
      );
    }
  });

  test("may be left open", async () => {
    checkAnnouncedSize(await room(0), announcing(undefined), { start: 0, end: 14 });
    checkAnnouncedSize(await room(limits.blobBytesMax), announcing(undefined), undefined);
  });

  test("must not make the blob too large, together with what is there", async () => {
    const [empty, nearlyFull] = await Promise.all([room(0), room(limits.blobBytesMax - 5)]);
    checkAnnouncedSize(empty, announcing(limits.blobBytesMax), undefined);
    checkAnnouncedSize(nearlyFull, announcing(5), undefined);
    expect(() => checkAnnouncedSize(empty, announcing(limits.blobBytesMax + 1), undefined)).toThrow(tooLarge);
    expect(() => checkAnnouncedSize(nearlyFull, announcing(6), undefined)).toThrow(tooLarge);
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

test("who sends a blob that is too large is told how large it may be, and where it may be larger", async () => {
  const { refusal } = await room(0);
  expect(refusal()).toEqual(tooLarge);
  expect(refusal().message).toBe("tier Basic allows 200 GiB in one blob; no tier allows more");
  const tiers = { ...usualTiers, Basic: { ...usualTiers.Basic, layerBytesMax: 1000 } };
  const small = await roomOf({ tiers }, basic, 995);
  expect(small.bytes).toBe(5);
  expect(small.refusal().message).toBe(
    "tier Basic allows 1,000 bytes in one blob; Standard allows 200 GiB, Premium 200 GiB",
  );
});

test("who sends more than the registry has left is told how much it may store", async () => {
  const quota: StorageQuota = { left: async () => 100, reserve: async () => {} };
  const { bytes, refusal } = await roomOf({ tiers: usualTiers, quota }, basic, 40);
  expect(bytes).toBe(60);
  expect(refusal()).toMatchObject({
    code: "DENIED",
    status: 403,
    message: "tier Basic allows 40 TiB of storage; Premium allows 100 TiB",
  });
});
