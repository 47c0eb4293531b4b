import type { Hasher } from "../../domain/hash.ts";
import { limits } from "../../domain/limits.ts";
import { rechunk } from "../../domain/rechunk.ts";
import type { BlockWriter } from "../../ports/blob-store.ts";
import type { Room } from "./body-size.ts";

/** A request's body as the use cases see it. */
export interface Body extends AsyncIterable<Uint8Array> {
  /** Bytes announced by Content-Length; undefined when the client streams. */
  readonly length: number | undefined;
}

/** What became of a body. */
export interface StagedBody {
  readonly bytes: number;
  readonly blocks: number;
  /** Why the body ended early; what came before is staged. */
  readonly failure: Error | undefined;
}

/**
 * Hashes a body and stages it in blocks, a few under way at once, so that memory stays bounded and the client is slowed to the
 * store's pace.
 * @param room for what may still come
 * @throws whatever the store throws, and the room's refusal when more comes
 */
export async function stageBody(
  body: AsyncIterable<Uint8Array>,
  writer: Pick<BlockWriter, "stage">,
  hash: Pick<Hasher, "update">,
  blockBytes: number,
  room: Room,
): Promise<StagedBody> {
  const source = new EndingSource(body, room.bytes);
  const underWay = new Set<Promise<void>>();
  let storeFailure: unknown;
  let blocks = 0;
  for await (const block of rechunk(source, blockBytes)) {
    if (storeFailure !== undefined || source.tooLarge) break;
    for (const piece of block) hash.update(piece);
    blocks += 1;
    const staging = writer.stage(block).then(
      () => void underWay.delete(staging),
      (error: unknown) => {
        storeFailure ??= error;
        underWay.delete(staging);
      },
    );
    underWay.add(staging);
    if (underWay.size >= limits.blocksInFlightMax) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (storeFailure !== undefined) throw storeFailure;
  if (source.tooLarge) throw room.refusal();
  return { bytes: source.bytes, blocks, failure: source.failure };
}

/** Ends normally where the body fails, so that what came before is kept for a client that resumes. */
class EndingSource implements AsyncIterable<Uint8Array> {
  bytes = 0;
  failure: Error | undefined;
  tooLarge = false;
  readonly #body: AsyncIterable<Uint8Array>;
  readonly #bytesMax: number;

  constructor(body: AsyncIterable<Uint8Array>, bytesMax: number) {
    this.#body = body;
    this.#bytesMax = bytesMax;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of this.#body) {
        this.bytes += chunk.byteLength;
        if (this.bytes > this.#bytesMax) {
          this.tooLarge = true;
          return;
        }
        yield chunk;
      }
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
  }
}
