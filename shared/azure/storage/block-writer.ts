import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Place } from "../../domain/place.ts";
import type { BlockWriter, Run, Staged } from "../../ports/blob-store.ts";
import type { StorageAccount } from "./account.ts";
import { budgets, watchedPieces } from "./call.ts";

const sequenceDigits = 5;
const nonceForm = /^[A-Za-z0-9_-]{22}$/;

/**
 * The id of a block: base64 of the run's nonce and the block's number. All ids of a blob must be equally long, and two
 * requests that race have different nonces.
 * @see https://learn.microsoft.com/rest/api/storageservices/put-block
 */
export function blockId(nonce: string, index: number): string {
  if (!nonceForm.test(nonce)) throw new Error("a run's nonce has 22 characters of base64url");
  const sequence = String(index).padStart(sequenceDigits, "0");
  if (sequence.length > sequenceDigits) throw new Error(`a run has no block ${index}`);
  return Buffer.from(nonce + sequence, "latin1").toString("base64");
}

export function blockIds(runs: readonly Run[]): string[] {
  return runs.flatMap(({ nonce, blocks }) =>
    Array.from({ length: blocks }, (_, index) => blockId(nonce, index)),
  );
}

/** The bytes of the runs, as far as these blocks are known. @returns undefined when one is not */
export function bytesOf(staged: Staged, sizes: ReadonlyMap<string, number>): number | undefined {
  let bytes = 0;
  for (const id of blockIds(staged.runs)) {
    const size = sizes.get(id);
    if (size === undefined) return undefined;
    bytes += size;
  }
  return bytes;
}

/** Stages the blocks of one request at their place. The service keeps a block from the moment that it has acknowledged it. */
export class AzureBlockWriter implements BlockWriter {
  readonly #account: StorageAccount;
  readonly #place: Place;
  readonly #nonce: string;
  readonly #blockBytesMax: number;
  #blocks = 0;

  constructor(account: StorageAccount, place: Place, nonce: string, blockBytesMax: number) {
    this.#account = account;
    this.#place = place;
    this.#nonce = nonce;
    this.#blockBytesMax = blockBytesMax;
  }

  /** Sends the pieces one after the other, from where they lie; an attempt that fails sends them again. */
  async stage(block: readonly Uint8Array[]): Promise<void> {
    const bytes = block.reduce((sum, piece) => sum + piece.byteLength, 0);
    if (bytes === 0 || bytes > this.#blockBytesMax) {
      throw new Error(`a block has 1 to ${this.#blockBytesMax} bytes: ${bytes}`);
    }
    const id = blockId(this.#nonce, this.#blocks);
    this.#blocks += 1;
    const { container, name } = this.#place;
    // The service refuses a block that is not what was sent, from memory here to its own.
    const transactionalContentMD5 = md5Of(block);
    await this.#account.write("PutBlock", budgets.block, container, async (client, signal) => {
      const watched = watchedPieces(block, signal);
      const body = () => Readable.from(watched.send());
      try {
        const blob = client.getBlockBlobClient(name);
        const options = { abortSignal: watched.signal, transactionalContentMD5 };
        await blob.stageBlock(id, body, bytes, options);
      } finally {
        watched.done();
      }
    });
  }

  async finish(): Promise<void> {
    // Every block was acknowledged, and is durable since.
  }

  async abandon(): Promise<void> {
    // The service takes no single block back. These go when the blob is committed without them, or after a week by themselves.
  }
}

function md5Of(block: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("md5");
  for (const piece of block) hash.update(piece);
  return hash.digest();
}
