import { createHash, randomBytes, randomFillSync } from "node:crypto";

const mebibyte = 1024 ** 2;
export const gibibyte = 1024 * mebibyte;

/** Bytes of one chunk of a chunked body: what Go's HTTP client, and so docker, copies at a time. */
const chunkBytes = 32 * 1024;
/** Bytes of the random block that layers repeat. No registry compresses, and none has a window of this size. */
const blockBytes = 64 * mebibyte;
/** Bytes handed to the socket at once. */
const sliceBytes = 4 * mebibyte;
const lastChunk = Buffer.from("0\r\n\r\n");

/** Incompressible bytes that nobody has pushed before. */
export interface Layer {
  readonly digest: string;
  readonly size: number;
  /** The bytes. */
  plain(): Iterable<Buffer>;
  /** The bytes as the chunks of a chunked body, with the last one. */
  chunked(): Iterable<Buffer>;
}

/**
 * Makes layers from one random block in memory, so that any number of them costs nothing while it is sent: a layer is a
 * random chunk of its own, the rest of the block, and the block again and again.
 */
export class LayerFactory {
  readonly #block = randomFillSync(Buffer.allocUnsafeSlow(blockBytes));
  readonly #framed = frame(this.#block);

  /** @param size a multiple of 64 MiB */
  layer(size: number): Layer {
    if (size % blockBytes !== 0 || size === 0) throw new Error("a layer is a multiple of 64 MiB");
    const own = randomBytes(chunkBytes);
    const blocks = size / blockBytes;
    const hash = createHash("sha256").update(own).update(this.#block.subarray(chunkBytes));
    for (let block = 1; block < blocks; block++) hash.update(this.#block);
    const framedOwn = frame(own);
    return {
      digest: `sha256:${hash.digest("hex")}`,
      size,
      plain: () => slices(own, this.#block, blocks),
      chunked: () => slices(framedOwn, this.#framed, blocks, lastChunk),
    };
  }
}

/** The bytes in chunks of `chunkBytes`, each with its frame. @param bytes a multiple of `chunkBytes` */
function frame(bytes: Buffer): Buffer {
  const head = Buffer.from(`${chunkBytes.toString(16)}\r\n`);
  const tail = Buffer.from("\r\n");
  const frameBytes = head.length + chunkBytes + tail.length;
  const framed = Buffer.allocUnsafeSlow((bytes.length / chunkBytes) * frameBytes);
  for (let from = 0, to = 0; from < bytes.length; from += chunkBytes, to += frameBytes) {
    head.copy(framed, to);
    bytes.copy(framed, to + head.length, from, from + chunkBytes);
    tail.copy(framed, to + head.length + chunkBytes);
  }
  return framed;
}

/** `own` in place of the first block's beginning, then the blocks, in pieces for a socket. */
function* slices(
  own: Buffer,
  block: Buffer,
  blocks: number,
  end?: Buffer,
): Generator<Buffer, void, undefined> {
  yield own;
  for (let index = 0; index < blocks; index++) {
    for (let from = index === 0 ? own.length : 0; from < block.length; from += sliceBytes) {
      yield block.subarray(from, from + sliceBytes);
    }
  }
  if (end !== undefined) yield end;
}
