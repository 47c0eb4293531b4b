import { rename, stat, unlink } from "node:fs/promises";
import { RegistryError } from "../domain/errors.ts";
import type { Staged } from "../ports/blob-store.ts";
import { partPath, runPath } from "./blob-path.ts";
import { ifExists } from "./file-errors.ts";
import { readRange } from "./read-range.ts";

/** A file that holds the bytes of a blob, or of an upload, from `start` on. */
export interface Part {
  readonly path: string;
  readonly start: number;
  readonly bytes: number;
}

/** The parts of a committed blob in order, each found by the sizes of those before it. Empty when nothing is there. */
export async function* committedParts(path: string): AsyncGenerator<Part, void, undefined> {
  let start = 0;
  for (;;) {
    const part = await partAt(partPath(path, start), start);
    if (part === undefined) return;
    yield part;
    if (part.bytes === 0) return;
    start += part.bytes;
  }
}

/**
 * The parts of an upload in order: as they were staged or, where a commit came as far, as they were committed.
 * @throws RegistryError BLOB_UPLOAD_UNKNOWN when one is neither here nor there
 */
export async function stagedParts(path: string, staged: Staged): Promise<Part[]> {
  const parts: Part[] = [];
  let start = 0;
  for (const { nonce } of staged.runs) {
    const part = (await partAt(runPath(path, nonce), start)) ?? (await partAt(partPath(path, start), start));
    if (part === undefined) throw gone();
    parts.push(part);
    start += part.bytes;
  }
  if (start !== staged.bytes) throw gone();
  return parts;
}

/** Gives staged parts their final names. The place itself comes last: once it is there, so is everything behind it. */
export async function commitParts(path: string, parts: readonly Part[]): Promise<void> {
  for (const part of parts.toReversed()) {
    const to = partPath(path, part.start);
    if (part.path === to) continue;
    // A repetition of the same commit may have been faster.
    const renamed = await ifExists(rename(part.path, to).then(() => true));
    if (renamed === undefined && (await partAt(to, part.start))?.bytes !== part.bytes) throw gone();
  }
}

/** From the last part to the first, so that a deletion that is cut short can be repeated. */
export async function deleteParts(path: string): Promise<void> {
  const parts: Part[] = [];
  for await (const part of committedParts(path)) parts.push(part);
  for (const part of parts.reverse()) await ifExists(unlink(part.path));
}

/** The bytes from `start` to `end`, both inclusive, of the parts. @throws Error when there are fewer */
export async function* readParts(
  parts: Iterable<Part> | AsyncIterable<Part>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = start;
  for await (const part of parts) {
    if (at > end) return;
    const partEnd = part.start + part.bytes;
    if (at >= partEnd) continue;
    const stop = Math.min(end + 1, partEnd);
    yield* readRange(part.path, at - part.start, stop - part.start);
    at = stop;
  }
  if (at <= end) throw new Error(`a blob ends at ${at}, not at ${end + 1} as its document says`);
}

async function partAt(path: string, start: number): Promise<Part | undefined> {
  const found = await ifExists(stat(path));
  return found === undefined ? undefined : { path, start, bytes: found.size };
}

function gone(): RegistryError {
  return new RegistryError("BLOB_UPLOAD_UNKNOWN", {
    message: "bytes of the upload are gone; start a new one",
  });
}
