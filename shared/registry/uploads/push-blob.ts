import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { algorithmOf, type Digest } from "../../domain/digest.ts";
import { hasher } from "../../domain/hash.ts";
import type { RepositoryName } from "../../domain/name.ts";
import type { Place } from "../../domain/place.ts";
import type { ByteRange } from "../../domain/range.ts";
import type { BlobProperties, BlockWriter, Staged } from "../../ports/blob-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { checkAnnouncedSize, checkReceivedSize, roomOf } from "./body-size.ts";
import { digestMismatch, publishBlob } from "./publish-blob.ts";
import { type Body, stageBody } from "./stage-body.ts";
import { newPlace } from "./upload-ticket.ts";

/**
 * Stores a blob that comes whole in one request: a POST with `?digest=`, or a closing PUT that carries everything. Its place is
 * its own, so racing requests cannot meet. One block or less is one call to the store.
 * @throws RegistryError DIGEST_INVALID, BLOB_UPLOAD_INVALID, SIZE_INVALID
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#single-post
 */
export async function pushBlob(
  ports: Ports,
  registry: RegistryDocument,
  repository: RepositoryName,
  digest: Digest,
  body: Body,
  range: ByteRange | undefined,
): Promise<void> {
  await pushWhole(ports, registry, repository, digest, body, range, (actual) => {
    throw digestMismatch(digest, actual);
  });
}

/**
 * As `pushBlob`, with something else to do when the digest is another one.
 * @param otherwise gets the digest that it is, and the body once more
 */
export async function pushWhole(
  ports: Ports,
  registry: RegistryDocument,
  repository: RepositoryName,
  digest: Digest,
  body: Body,
  range: ByteRange | undefined,
  otherwise: (actual: Digest, body: Body) => void | Promise<void>,
): Promise<void> {
  const room = await roomOf(ports, registry, 0);
  checkAnnouncedSize(room, body, range);
  const place = newPlace(ports, registry);
  const writer = new WholeBlobWriter(ports, place);
  let size: number;
  try {
    const hash = hasher(algorithmOf(digest));
    const staged = await stageBody(body, writer, hash, ports.blobs.blockBytes, room);
    if (staged.failure !== undefined) throw staged.failure;
    checkReceivedSize(staged.bytes, range);
    const actual = hash.digest();
    size = staged.bytes;
    if (actual !== digest) {
      await otherwise(actual, await writer.staged(size));
      await writer.abandon();
      return;
    }
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  await writer.store(size, { registry: registry.rid, repository, digest, size });
  await publishBlob(ports, registry, repository, digest, { place, size });
}

/** Holds the first block back until it is known whether another follows. */
class WholeBlobWriter {
  readonly #ports: Ports;
  readonly #place: Place;
  readonly #nonce: string;
  #first: readonly Uint8Array[] | undefined;
  #blocks = 0;
  #writer: Promise<BlockWriter> | undefined;
  /** What has been read back: a store may have put it together for that, and would keep it. */
  #readBack: Staged | undefined;

  constructor(ports: Ports, place: Place) {
    this.#ports = ports;
    this.#place = place;
    this.#nonce = ports.ids.nonce();
  }

  async stage(block: readonly Uint8Array[]): Promise<void> {
    this.#blocks += 1;
    if (this.#first === undefined) {
      this.#first = block;
      return;
    }
    this.#writer ??= this.#openBehindFirst(this.#first);
    const writer = await this.#writer;
    await writer.stage(block);
  }

  async #openBehindFirst(first: readonly Uint8Array[]): Promise<BlockWriter> {
    const writer = await this.#ports.blobs.extend(this.#place, { runs: [], bytes: 0 }, this.#nonce);
    await writer.stage(first);
    return writer;
  }

  async store(bytes: number, properties: BlobProperties): Promise<void> {
    if (this.#writer === undefined) {
      await this.#ports.blobs.put(this.#place, Buffer.concat(this.#first ?? []), properties);
      return;
    }
    await (await this.#writer).finish();
    const runs = [{ nonce: this.#nonce, blocks: this.#blocks }];
    await this.#ports.blobs.commit(this.#place, { runs, bytes }, properties);
  }

  /** What was staged, once more. */
  async staged(bytes: number): Promise<Body> {
    if (this.#writer === undefined) {
      const first = this.#first ?? [];
      return {
        length: bytes,
        async *[Symbol.asyncIterator]() {
          yield* first;
        },
      };
    }
    await (await this.#writer).finish();
    const { blobs } = this.#ports;
    const place = this.#place;
    const staged = { runs: [{ nonce: this.#nonce, blocks: this.#blocks }], bytes };
    return {
      length: bytes,
      [Symbol.asyncIterator]: () => {
        this.#readBack = staged;
        return blobs.openStaged(place, staged)[Symbol.asyncIterator]();
      },
    };
  }

  async abandon(): Promise<void> {
    if (this.#writer === undefined) return;
    await this.#writer.then((writer) => writer.abandon()).catch(() => {});
    if (this.#readBack !== undefined) await this.#ports.blobs.discard(this.#place, this.#readBack);
  }
}
