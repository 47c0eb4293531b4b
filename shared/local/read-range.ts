import { type FileHandle, open } from "node:fs/promises";

/** Bytes of a piece. One is on its way to the client while the next is read. */
const pieceBytes = 1024 ** 2;

/**
 * The bytes of a file from `start` to `stop`, exclusive. The file is open only while they are taken.
 * @throws Error when it ends earlier
 */
export async function* readRange(
  path: string,
  start: number,
  stop: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (start >= stop) return;
  const file = await open(path, "r");
  let next: Promise<Uint8Array> | undefined;
  try {
    let at = start;
    next = readPiece(file, at, stop);
    while (next !== undefined) {
      const piece: Uint8Array = await next;
      at += piece.byteLength;
      next = at < stop ? readPiece(file, at, stop) : undefined;
      // Whoever takes this piece may never come back for the next, whose failure then concerns nobody.
      next?.catch(() => {});
      yield piece;
    }
  } finally {
    await next?.catch(() => {});
    await file.close();
  }
}

async function readPiece(file: FileHandle, at: number, stop: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, stop - at));
  const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at);
  if (bytesRead === 0) throw new Error(`a file ends at ${at}, before ${stop}`);
  return buffer.subarray(0, bytesRead);
}
