import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Place } from "../domain/place.ts";
import {
  type BlobProperties,
  type BlobStore,
  type Container,
  checkListLimit,
  type Run,
  type Staged,
  type StoredBytesPage,
  type StoredBytesQuery,
} from "../ports/blob-store.ts";
import { type Bend, bentChange, bentRead, type Call } from "./bend.ts";

export interface MemoryBlobOptions {
  readonly blockBytes?: number;
  readonly blocksMax?: number;
  /** ms since 1970 */
  readonly now?: () => number;
}

interface StagedRun {
  readonly blocks: Uint8Array[];
  readonly startedAt: number;
  finished: boolean;
}

interface Committed {
  readonly place: Place;
  readonly committedAt: number;
  readonly pieces: readonly Uint8Array[];
  readonly properties: BlobProperties;
}

/** Bytes in maps. A run that was not finished cannot be committed: nothing would have made it durable. */
export class MemoryBlobs {
  readonly #blockBytes: number;
  readonly #blocksMax: number;
  readonly #now: () => number;
  readonly #staged = new Map<string, Map<string, StagedRun>>();
  readonly #committed = new Map<string, Committed>();

  constructor(options: MemoryBlobOptions = {}) {
    this.#blockBytes = options.blockBytes ?? limits.blockBytesMax;
    this.#blocksMax = options.blocksMax ?? limits.blocksMax;
    this.#now = options.now ?? Date.now;
  }

  /** The port onto these bytes. Several, bent in different ways, share them. */
  store(bend: Bend = {}): BlobStore {
    const call = (name: string, key: string): Call => ({ port: "blobs", name, subject: key });
    const change = async <T>(name: string, key: string, effect: () => T): Promise<T> =>
      await bentChange(bend, call(name, key), effect);
    const look = async <T>(name: string, key: string, effect: () => T): Promise<T> =>
      await bentRead(bend, call(name, key), effect);
    // What never throws has only two fates: done, or not.
    const tryTo = async (name: string, key: string, effect: () => void): Promise<void> => {
      await change(name, key, effect).catch(() => {});
    };
    return {
      blockBytes: this.#blockBytes,
      blocksMax: this.#blocksMax,
      extend: async (place, _staged, nonce) => {
        const key = keyOf(place);
        const run = await look("extend", key, () => this.#startRun(key, nonce));
        return {
          stage: async (block) => {
            // The call decides the order, not the moment at which the store has the block.
            const index = run.blocks.push(new Uint8Array()) - 1;
            await change("stage", key, () => this.#stage(run, index, block));
          },
          finish: async () => {
            await change("finish", key, () => {
              run.finished = true;
            });
          },
          abandon: async () => {
            await tryTo("abandon", key, () => this.#dropRuns(key, [nonce]));
          },
        };
      },
      openStaged: (place, staged) => this.#readStaged(bend, keyOf(place), staged),
      commit: async (place, staged, properties) => {
        const key = keyOf(place);
        await change("commit", key, () => this.#commit(place, staged, properties));
      },
      discard: async (place, staged) => {
        const nonces = staged.runs.map((run) => run.nonce);
        await tryTo("discard", keyOf(place), () => this.#dropRuns(keyOf(place), nonces));
      },
      put: async (place, bytes, properties) => {
        const key = keyOf(place);
        await change("put", key, () => this.#put(place, [Uint8Array.from(bytes)], properties));
      },
      open: async (place, start, end) =>
        await look("open", keyOf(place), () => this.#open(bend, keyOf(place), start, end)),
      sign: async (place) => await look("sign", keyOf(place), () => undefined),
      delete: async (place) => {
        await change("delete", keyOf(place), () => {
          this.#committed.delete(keyOf(place));
        });
      },
      list: async (container, query) =>
        await look("list", keyOf({ ...container, name: query.prefix }), () => this.#list(container, query)),
      deleteContainer: async (container) => {
        const key = keyOf({ ...container, name: "" });
        await change("deleteContainer", key, () => this.#deleteContainer(key));
      },
      discardUnfinished: async (before) =>
        await change("discardUnfinished", "", () => this.#discardUnfinished(before)),
    };
  }

  /** Where there are bytes, as `<account>/<container>/<name>`, for a test that looks at the whole store. */
  places(): Iterable<string> {
    return this.#committed.keys();
  }

  /** All bytes at a place, for a test that looks at the whole store. */
  bytesAt(place: Place): Buffer | undefined {
    const committed = this.#committed.get(keyOf(place));
    return committed === undefined ? undefined : Buffer.concat(committed.pieces);
  }

  #startRun(key: string, nonce: string): StagedRun {
    const runs = this.#staged.get(key) ?? new Map<string, StagedRun>();
    if (runs.has(nonce)) throw new Error(`two runs have the nonce ${nonce}`);
    const run: StagedRun = { blocks: [], startedAt: this.#now(), finished: false };
    // The first block makes it an upload that can be left unfinished.
    this.#staged.set(key, runs.set(nonce, run));
    return run;
  }

  #stage(run: StagedRun, index: number, block: readonly Uint8Array[]): void {
    if (run.finished) throw new Error("a block was staged after the run was finished");
    const bytes = Buffer.concat(block);
    if (bytes.byteLength === 0 || bytes.byteLength > this.#blockBytes) {
      throw new Error(`a block has 1 to ${this.#blockBytes} bytes: ${bytes.byteLength}`);
    }
    run.blocks[index] = bytes;
  }

  async *#readStaged(bend: Bend, key: string, staged: Staged): AsyncGenerator<Uint8Array, void, undefined> {
    for (const run of staged.runs) {
      for (let index = 0; index < run.blocks; index++) {
        yield await bentRead(bend, { port: "blobs", name: "openStaged", subject: key }, () => {
          const block = this.#finishedRun(key, run).blocks[index];
          if (block === undefined) throw missing();
          return block;
        });
      }
    }
  }

  #finishedRun(key: string, run: Run): StagedRun {
    const found = this.#staged.get(key)?.get(run.nonce);
    if (found === undefined) throw missing();
    if (!found.finished) throw new Error(`the run ${run.nonce} was not finished`);
    if (found.blocks.length !== run.blocks) {
      throw new Error(`the run ${run.nonce} has ${found.blocks.length} blocks, not ${run.blocks}`);
    }
    return found;
  }

  #commit(place: Place, staged: Staged, properties: BlobProperties): void {
    const key = keyOf(place);
    const before = this.#committed.get(key);
    if (before !== undefined) {
      if (before.properties.digest !== properties.digest) throw new Error(`other bytes are at ${key}`);
      return;
    }
    const pieces = staged.runs.flatMap((run) => this.#finishedRun(key, run).blocks);
    const bytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    if (bytes !== staged.bytes) throw new Error(`${bytes} bytes are staged at ${key}, not ${staged.bytes}`);
    this.#put(place, pieces, properties);
    this.#staged.delete(key);
  }

  #put(place: Place, pieces: readonly Uint8Array[], properties: BlobProperties): void {
    const key = keyOf(place);
    const bytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    if (bytes !== properties.size) throw new Error(`${bytes} bytes are given, not ${properties.size}`);
    if (this.#committed.has(key)) throw new Error(`bytes are at ${key} already`);
    this.#committed.set(key, { place, committedAt: this.#now(), pieces, properties });
  }

  #open(bend: Bend, key: string, start: number, end: number): AsyncIterable<Uint8Array> | undefined {
    const committed = this.#committed.get(key);
    if (committed === undefined) return undefined;
    const { size } = committed.properties;
    if (start < 0 || end >= size || end < start - 1) {
      throw new Error(`no bytes ${start} to ${end} in a blob of ${size}`);
    }
    return bentPieces(bend, key, piecesBetween(committed.pieces, start, end));
  }

  #list(container: Container, { prefix, after = "", limit }: StoredBytesQuery): StoredBytesPage {
    checkListLimit(limit);
    const start = keyOf({ ...container, name: prefix });
    const keys = [...this.#committed.keys()].filter((key) => key.startsWith(start) && key > after).sort();
    const stored = keys.slice(0, limit).flatMap((key) => {
      const committed = this.#committed.get(key);
      if (committed === undefined) return [];
      const { place, committedAt, properties } = committed;
      return [{ place, size: properties.size, committedAt, properties }];
    });
    const last = keys[limit - 1];
    return { stored, ...(keys.length > limit && last !== undefined ? { next: last } : {}) };
  }

  #deleteContainer(start: string): void {
    for (const blobs of [this.#committed, this.#staged]) {
      for (const key of [...blobs.keys()]) if (key.startsWith(start)) blobs.delete(key);
    }
  }

  #dropRuns(key: string, nonces: readonly string[]): void {
    const runs = this.#staged.get(key);
    if (runs === undefined) return;
    for (const nonce of nonces) runs.delete(nonce);
    if (runs.size === 0) this.#staged.delete(key);
  }

  #discardUnfinished(before: number): number {
    let uploads = 0;
    for (const [key, runs] of this.#staged) {
      if (![...runs.values()].every((run) => run.startedAt < before)) continue;
      this.#staged.delete(key);
      uploads += 1;
    }
    return uploads;
  }
}

function keyOf(place: Place): string {
  return `${place.account}/${place.container}/${place.name}`;
}

function missing(): RegistryError {
  return new RegistryError("BLOB_UPLOAD_UNKNOWN", { message: "the upload's blocks are not there" });
}

/** Each piece is a call of its own, so that a reading can fail half way. */
async function* bentPieces(
  bend: Bend,
  key: string,
  pieces: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) {
    yield await bentRead(bend, { port: "blobs", name: "piece", subject: key }, () => piece);
  }
}

function* piecesBetween(
  pieces: readonly Uint8Array[],
  start: number,
  end: number,
): Generator<Uint8Array, void, undefined> {
  let offset = 0;
  for (const piece of pieces) {
    const from = Math.max(0, start - offset);
    const to = Math.min(piece.byteLength, end + 1 - offset);
    if (from < to) yield piece.subarray(from, to);
    offset += piece.byteLength;
  }
}
