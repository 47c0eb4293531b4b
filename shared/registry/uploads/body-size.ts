import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { ByteRange } from "../../domain/range.ts";
import type { Run } from "../../ports/blob-store.ts";

/** What the headers announce. @throws RegistryError SIZE_INVALID */
export function checkAnnouncedSize(
  offset: number,
  body: { readonly length: number | undefined },
  range: ByteRange | undefined,
): void {
  if (body.length === undefined) return;
  if (range !== undefined && body.length !== lengthOf(range)) {
    throw new RegistryError("SIZE_INVALID", { message: "Content-Length is not the length of Content-Range" });
  }
  if (offset + body.length > limits.blobBytesMax) throw blobTooLarge();
}

/** What really came. @throws RegistryError SIZE_INVALID */
export function checkReceivedSize(bytes: number, range: ByteRange | undefined): void {
  if (range !== undefined && bytes !== lengthOf(range)) {
    throw new RegistryError("SIZE_INVALID", { message: "the body is not as long as Content-Range says" });
  }
}

/** @throws RegistryError SIZE_INVALID when many small chunks use up the store's blocks */
export function checkBlocks(runs: readonly Run[], blocksMax: number): void {
  const blocks = runs.reduce((sum, run) => sum + run.blocks, 0);
  if (blocks > blocksMax) {
    const message = `an upload has at most ${blocksMax} blocks; send larger chunks`;
    throw new RegistryError("SIZE_INVALID", { status: 413, message });
  }
}

export function blobTooLarge(): RegistryError {
  const message = `a blob has at most ${limits.blobBytesMax} bytes`;
  return new RegistryError("SIZE_INVALID", { status: 413, message });
}

function lengthOf(range: ByteRange): number {
  return range.end - range.start + 1;
}
