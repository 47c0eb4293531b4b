import { randomBytes } from "node:crypto";
import { rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { limits } from "../domain/limits.ts";
import type { Place } from "../domain/place.ts";
import type {
  BlobStore,
  BlockWriter,
  Container,
  Staged,
  StoredBytesPage,
  StoredBytesQuery,
} from "../ports/blob-store.ts";
import {
  commitParts,
  committedParts,
  containerPath,
  deleteParts,
  type Part,
  pathOf,
  readParts,
  runPath,
  stagedParts,
} from "./blob-chain.ts";
import { listBlobs } from "./blob-list.ts";
import type { Directories } from "./directories.ts";
import { asRegistryError, ifExists } from "./file-errors.ts";
import { RunWriter, SyncSlots } from "./run-writer.ts";
import { removeUnfinished } from "./unfinished.ts";

/** A file has no blocks, so these are only what is written at once: larger ones are no faster, and each push holds several. */
const blockBytes = 512 * 1024;
/** Long syncs at once. */
const longSyncsMax = 1;

/**
 * Blobs as plain files: `<root>/<container>/u/<date>/<id>`. Each request that brings bytes writes a file of its own, which
 * takes its final name when the upload is committed; nothing is copied, and whatever has a final name is on disk.
 */
export class LocalBlobs implements BlobStore {
  readonly blockBytes = blockBytes;
  /** A file has no blocks; this is where the largest blob ends, with room for short last blocks. */
  readonly blocksMax = (2 * limits.blobBytesMax) / blockBytes;
  readonly #root: string;
  readonly #directories: Directories;
  readonly #slots = new SyncSlots(longSyncsMax);

  constructor(root: string, directories: Directories) {
    this.#root = root;
    this.#directories = directories;
  }

  async extend(place: Place, _staged: Staged, nonce: string): Promise<BlockWriter> {
    return await RunWriter.create(
      runPath(pathOf(this.#root, place), nonce),
      this.#directories,
      this.#slots,
      true,
    );
  }

  async *openStaged(place: Place, staged: Staged): AsyncGenerator<Uint8Array, void, undefined> {
    const parts = await stagedParts(pathOf(this.#root, place), staged);
    yield* readParts(parts, 0, staged.bytes - 1);
  }

  async commit(place: Place, staged: Staged): Promise<void> {
    const path = pathOf(this.#root, place);
    if (staged.runs.length === 0) {
      await this.put(place, new Uint8Array());
      return;
    }
    await this.#name(path, await stagedParts(path, staged));
  }

  async discard(place: Place, staged: Staged): Promise<void> {
    try {
      const path = pathOf(this.#root, place);
      for (const { nonce } of staged.runs) await unlink(runPath(path, nonce)).catch(() => {});
    } catch {
      // What is left falls to discardUnfinished.
    }
  }

  async put(place: Place, bytes: Uint8Array): Promise<void> {
    const path = pathOf(this.#root, place);
    const temporary = runPath(path, randomBytes(16).toString("base64url"));
    const writer = await RunWriter.create(temporary, this.#directories, this.#slots, false);
    try {
      if (bytes.byteLength > 0) await writer.stage([bytes]);
      await writer.finish();
      await this.#name(path, [{ path: temporary, start: 0, bytes: bytes.byteLength }]);
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }

  async open(place: Place, start: number, end: number): Promise<AsyncIterable<Uint8Array> | undefined> {
    const path = pathOf(this.#root, place);
    if ((await ifExists(stat(path))) === undefined) return undefined;
    return readParts(committedParts(path), start, end);
  }

  async sign(): Promise<undefined> {
    return undefined;
  }

  async delete(place: Place): Promise<void> {
    await deleteParts(pathOf(this.#root, place));
  }

  async list(container: Container, query: StoredBytesQuery): Promise<StoredBytesPage> {
    return await listBlobs(containerPath(this.#root, container.container), container, query);
  }

  async deleteContainer({ container }: Container): Promise<void> {
    await rm(containerPath(this.#root, container), { recursive: true, force: true });
    // Nobody will know of it any more: it must not come back with the power.
    await this.#directories.sync(this.#root);
  }

  async discardUnfinished(before: number): Promise<number> {
    return await removeUnfinished(this.#root, before);
  }

  async #name(path: string, parts: readonly Part[]): Promise<void> {
    try {
      await commitParts(path, parts);
      await this.#directories.sync(dirname(path));
    } catch (error) {
      throw asRegistryError(error);
    }
  }
}

/** The folder of blobs in a data folder. */
export function blobsFolder(dataDir: string): string {
  return join(dataDir, "blobs");
}
