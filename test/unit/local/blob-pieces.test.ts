import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LocalBlobs } from "../../../shared/local/blobs.ts";
import { Directories } from "../../../shared/local/directories.ts";

const place = { account: "local", container: "registry", name: "u/2026-01-01/blob" };
const bytes = randomBytes(5 * 1024 ** 2 + 1234);
let folder: string;
let blobs: LocalBlobs;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-pieces-"));
  blobs = new LocalBlobs(folder, new Directories());
  await blobs.put(place, bytes);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Reads a range. @param giveBack which pieces are given back, by their number */
async function read(start: number, end: number, giveBack: (piece: number) => boolean) {
  const source = await blobs.open(place, start, end);
  if (source === undefined) throw new Error("the blob is there");
  const pieces = source[Symbol.asyncIterator]();
  const memory = new Set<ArrayBufferLike>();
  const copies: Buffer[] = [];
  let next = await pieces.next();
  for (let number = 0; next.done !== true; number++) {
    memory.add(next.value.buffer);
    copies.push(Buffer.from(next.value));
    const given = giveBack(number) ? next.value : undefined;
    if (given !== undefined) given.fill(0);
    next = await pieces.next(given);
  }
  return { read: Buffer.concat(copies), memories: memory.size };
}

describe("pieces of a blob on disk", () => {
  test("share two memories when each is given back", async () => {
    const { read: got, memories } = await read(0, bytes.length - 1, () => true);
    expect(got.equals(bytes)).toBe(true);
    expect(memories).toBe(2);
  });

  test("are the reader's own when it keeps them", async () => {
    const source = await blobs.open(place, 0, bytes.length - 1);
    const kept = await Array.fromAsync(source ?? []);
    expect(Buffer.concat(kept).equals(bytes)).toBe(true);
  });

  test("are right for any range, whichever are given back", async () => {
    for (let round = 0; round < 50; round++) {
      const start = Math.floor(Math.random() * bytes.length);
      const end = start + Math.floor(Math.random() * (bytes.length - start));
      const { read: got } = await read(start, end, (piece) => (piece + round) % 3 > 0);
      expect(got.equals(bytes.subarray(start, end + 1))).toBe(true);
    }
  });
});
