import { type FileHandle, open, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { RegistryError } from "../domain/errors.ts";
import type { Place } from "../domain/place.ts";
import type { Staged } from "../ports/blob-store.ts";
import { ifExists } from "./file-errors.ts";

const containerGrammar = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const nameGrammar = /^u\/\d{4}-\d\d-\d\d\/[A-Za-z0-9_-]{1,128}$/;
const nonceGrammar = /^[A-Za-z0-9_-]{1,64}$/;

// The files of one blob lie side by side: `<id>` holds its bytes, and `<id>+<offset>` those of further requests, from that
// offset on. `<id>.<nonce>` is what one request staged. Neither `.` nor `+` occurs in an id.

/**
 * The file of a place below `root`.
 * @throws Error when the place is not of the form that `domain/place.ts` gives: names come from documents, but must never
 * lead out of the folder
 */
export function pathOf(root: string, place: Place): string {
  if (!containerGrammar.test(place.container) || !nameGrammar.test(place.name)) {
    throw new Error(`not a place: ${JSON.stringify([place.container, place.name]).slice(0, 200)}`);
  }
  return join(root, place.container, place.name);
}

/** The folder of a container. @throws Error when the container is not of the form that places have */
export function containerPath(root: string, container: string): string {
  if (!containerGrammar.test(container)) throw new Error(`not a container: ${container.slice(0, 200)}`);
  return join(root, container);
}

/** @param path of the place @param start of the part in the blob, in bytes */
function partPath(path: string, start: number): string {
  return start === 0 ? path : `${path}+${start}`;
}

/** @throws Error when the nonce cannot be part of a file's name */
export function runPath(path: string, nonce: string): string {
  if (!nonceGrammar.test(nonce)) throw new Error("not a nonce");
  return `${path}.${nonce}`;
}

/** Bytes of a piece. One is on its way to the client while the next is read. */
const pieceBytes = 1024 ** 2;

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
): AsyncGenerator<Uint8Array, void, Uint8Array | undefined> {
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

/**
 * The bytes of a file from `start` to `stop`, exclusive. The file is open only while they are taken.
 *
 * A piece that is given back is read into again: with new memory for each piece, the collector works harder than the copying.
 * @throws Error when it ends earlier
 */
async function* readRange(
  path: string,
  start: number,
  stop: number,
): AsyncGenerator<Uint8Array, void, Uint8Array | undefined> {
  if (start >= stop) return;
  const file = await open(path, "r");
  let next: Promise<Uint8Array> | undefined;
  let spare: Uint8Array | undefined;
  try {
    let at = start;
    next = readPiece(file, at, stop, spare);
    while (next !== undefined) {
      const piece: Uint8Array = await next;
      at += piece.byteLength;
      next = at < stop ? readPiece(file, at, stop, spare) : undefined;
      // Whoever takes this piece may never come back for the next, whose failure then concerns nobody.
      next?.catch(() => {});
      const spent = yield piece;
      spare = spent === piece ? piece : undefined;
    }
  } finally {
    await next?.catch(() => {});
    await file.close();
  }
}

/** @param spare memory that is free, used if it is large enough */
async function readPiece(
  file: FileHandle,
  at: number,
  stop: number,
  spare: Uint8Array | undefined,
): Promise<Uint8Array> {
  const bytes = Math.min(pieceBytes, stop - at);
  const buffer =
    spare === undefined || spare.byteLength < bytes
      ? Buffer.allocUnsafeSlow(bytes)
      : spare.subarray(0, bytes);
  const { bytesRead } = await file.read(buffer, 0, bytes, at);
  if (bytesRead === 0) throw new Error(`a file ends at ${at}, before ${stop}`);
  return buffer.subarray(0, bytesRead);
}
