import type { Digest } from "../domain/digest.ts";
import { limits } from "../domain/limits.ts";
import type { Place } from "../domain/place.ts";

/** The blocks that one request staged for an upload. Racing requests have different nonces, so blocks cannot collide. */
export interface Run {
  readonly nonce: string;
  readonly blocks: number;
}

/** The part of an upload that earlier requests staged, in order. */
export interface Staged {
  readonly runs: readonly Run[];
  readonly bytes: number;
}

/** Stages the blocks of one request behind what was staged before. */
export interface BlockWriter {
  /**
   * Stages the next block, made of these pieces; the pieces must not be changed afterwards. Resolves when the store has
   * it. Several may be under way; their order is the order of the calls.
   */
  stage(block: readonly Uint8Array[]): Promise<void>;
  /** Makes every staged block durable. Call it once, after all `stage` calls have resolved. */
  finish(): Promise<void>;
  /** Drops what this writer staged, and only that. Never throws. */
  abandon(): Promise<void>;
}

/** Kept beside the bytes, so that documents can be rebuilt from the store. */
export interface BlobProperties {
  readonly registry: string;
  readonly repository: string;
  readonly digest: Digest;
  readonly size: number;
}

/** The containers of a store are those of its places. */
export type Container = Pick<Place, "account" | "container">;

/** Committed bytes. */
export interface StoredBytes {
  readonly place: Place;
  readonly size: number;
  /** ms since 1970, about. */
  readonly committedAt: number;
  /** What was kept beside them; absent where a store keeps nothing. */
  readonly properties?: BlobProperties;
}

export interface StoredBytesPage {
  readonly stored: readonly StoredBytes[];
  /** Where the next page begins; absent after the last. Give it back as it is. */
  readonly next?: string;
}

export interface StoredBytesQuery {
  /** How the names of the places begin. */
  readonly prefix: string;
  /** The `next` of the page before. */
  readonly after?: string;
  /** Of this page, 1 to 1,000; it may have fewer, or none, and not be the last. */
  readonly limit: number;
}

/** What a signed URL is for. */
export interface SignOptions {
  readonly seconds: number;
  readonly mediaType: string;
  /** ms since 1970 by when the bytes were committed. Without it they are only sought where they were written. */
  readonly committedAt?: number;
}

/**
 * The bytes of one region. Bytes at a place never change once they are committed.
 *
 * A store that is throttled or away throws RegistryError TOOMANYREQUESTS or UNAVAILABLE.
 */
export interface BlobStore {
  /** Bytes of a block, but for a request's last. */
  readonly blockBytes: number;
  /** Blocks that one blob can be made of. */
  readonly blocksMax: number;

  /** Starts a run of blocks behind `staged`. Two runs may start behind the same bytes; the session decides which counts. */
  extend(place: Place, staged: Staged, nonce: string): Promise<BlockWriter>;

  /**
   * Reads back what is staged and not yet committed; what a commit has taken meanwhile may be read or be missed.
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN when it is not there
   */
  openStaged(place: Place, staged: Staged): AsyncIterable<Uint8Array>;

  /**
   * Makes the staged blocks the bytes of `place`, durably and without a copy. Repeating it is harmless.
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN when they are neither staged nor committed there
   */
  commit(place: Place, staged: Staged, properties: BlobProperties): Promise<void>;

  /** Drops staged blocks that nobody will commit. Never throws. */
  discard(place: Place, staged: Staged): Promise<void>;

  /** Stores a small blob in one call, durably. */
  put(place: Place, bytes: Uint8Array, properties: BlobProperties): Promise<void>;

  /**
   * The bytes from `start` to `end`, both inclusive, in pieces. An iteration that cannot go on throws. A reader that is done with
   * a piece may give it back by `next(piece)`, and the store may then use its memory again.
   * @param committedAt as for `sign`
   * @returns undefined when nothing is at the place
   */
  open(
    place: Place,
    start: number,
    end: number,
    committedAt?: number,
  ): Promise<AsyncIterable<Uint8Array> | undefined>;

  /** A URL at which anybody reads the bytes for a while, or undefined where bytes are served through. */
  sign(place: Place, options: SignOptions): Promise<string | undefined>;

  /** Removes the bytes; an absent place is no error. */
  delete(place: Place): Promise<void>;

  /** A page of what is committed in a container, in the order of the names' bytes. Nothing where there is no such container. */
  list(container: Container, query: StoredBytesQuery): Promise<StoredBytesPage>;

  /** Removes a container with all that is in it, for good: nothing may be stored there again. An absent one is no error. */
  deleteContainer(container: Container): Promise<void>;

  /** Drops blocks of uploads that began before `before` (ms since 1970) and were never committed. @returns how many uploads */
  discardUnfinished(before: number): Promise<number>;
}

/** @throws Error for a page size out of range */
export function checkListLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= limits.pageItemsMax) return;
  throw new Error(`a page has 1 to ${limits.pageItemsMax} blobs: ${limit}`);
}
