import { createHash, randomBytes } from "node:crypto";
import { ulid } from "ulid";
import { type Digest, digestOf } from "../../shared/domain/digest.ts";
import { type Place, placeName } from "../../shared/domain/place.ts";
import type { BlobProperties, BlobStore, BlockWriter, Run, Staged } from "../../shared/ports/blob-store.ts";

/** A place that nobody has used, named as the registry names them. */
export function newPlace(): Place {
  const now = Date.now();
  return { account: "local", container: "01arz3ndektsv4rrffq69g5fav", name: placeName(now, ulid(now)) };
}

export function newNonce(): string {
  return randomBytes(16).toString("base64url");
}

export const nothing: Staged = { runs: [], bytes: 0 };

/** Bytes in which every position can be told from its neighbours. @param seed makes other bytes */
export function sampleBytes(length: number, seed = 0): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >> 8) * 7 + seed) & 0xff;
  return bytes;
}

export function propertiesOf(bytes: Uint8Array): BlobProperties {
  const digest: Digest = digestOf("sha256", createHash("sha256").update(bytes).digest("hex"));
  return {
    registry: "01arz3ndektsv4rrffq69g5fav",
    repository: "library/hello",
    digest,
    size: bytes.byteLength,
  };
}

export function blocksOf(bytes: Uint8Array, blockBytes: number): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let from = 0; from < bytes.byteLength; from += blockBytes) {
    blocks.push(bytes.subarray(from, from + blockBytes));
  }
  return blocks;
}

/** Stages `bytes` behind `staged` in blocks of the store's size. @returns what is staged now, and the writer */
export async function stageRun(
  store: BlobStore,
  place: Place,
  staged: Staged,
  bytes: Uint8Array,
): Promise<{ staged: Staged; writer: BlockWriter }> {
  const nonce = newNonce();
  const writer = await store.extend(place, staged, nonce);
  const blocks = blocksOf(bytes, store.blockBytes);
  for (const block of blocks) await writer.stage([block]);
  await writer.finish();
  const run: Run = { nonce, blocks: blocks.length };
  return { staged: { runs: [...staged.runs, run], bytes: staged.bytes + bytes.byteLength }, writer };
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

/** The bytes from `start` to `end`, both inclusive; undefined when nothing is there. */
export async function readAt(
  store: BlobStore,
  place: Place,
  start: number,
  end: number,
): Promise<Buffer | undefined> {
  const pieces = await store.open(place, start, end);
  return pieces === undefined ? undefined : await collect(pieces);
}
