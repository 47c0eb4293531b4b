import { type FileHandle, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { BlockWriter } from "../ports/blob-store.ts";
import type { Directories } from "./directories.ts";
import { asRegistryError } from "./file-errors.ts";

/** Bytes after which a sync runs in the background, so that little is left to wait for at the end. */
const syncBytes = 32 * 1024 ** 2;

/** Writes the blocks of one request to a file of their own: each at its position, from where the pieces lie. */
export class RunWriter implements BlockWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #directories: Directories;
  #bytes = 0;
  #unsyncedBytes = 0;
  #sync: Promise<void> | undefined;
  #syncFailure: unknown;
  #closed = false;

  private constructor(path: string, file: FileHandle, directories: Directories) {
    this.#path = path;
    this.#file = file;
    this.#directories = directories;
  }

  /** @param path must be new; its directory is made if need be */
  static async create(path: string, directories: Directories): Promise<RunWriter> {
    try {
      await directories.ensure(dirname(path));
      return new RunWriter(path, await open(path, "wx", 0o600), directories);
    } catch (error) {
      throw asRegistryError(error);
    }
  }

  async stage(block: readonly Uint8Array[]): Promise<void> {
    const position = this.#bytes;
    const bytes = lengthOf(block);
    this.#bytes += bytes;
    try {
      await writeAll(this.#file, block, position);
    } catch (error) {
      throw asRegistryError(error);
    }
    this.#unsyncedBytes += bytes;
    if (this.#unsyncedBytes >= syncBytes) this.#syncInBackground();
  }

  async finish(): Promise<void> {
    try {
      await this.#sync;
      if (this.#syncFailure !== undefined) throw this.#syncFailure;
      await this.#file.datasync();
      await this.#close();
      await this.#directories.sync(dirname(this.#path));
    } catch (error) {
      throw asRegistryError(error);
    }
  }

  async abandon(): Promise<void> {
    await this.#close().catch(() => {});
    await unlink(this.#path).catch(() => {});
  }

  #syncInBackground(): void {
    if (this.#sync !== undefined) return;
    this.#unsyncedBytes = 0;
    this.#sync = this.#file
      .datasync()
      .catch((error: unknown) => {
        // The kernel reports a failed write-back once only: a later sync may succeed although bytes are lost.
        this.#syncFailure ??= error;
      })
      .finally(() => {
        this.#sync = undefined;
      });
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#sync;
    await this.#file.close();
  }
}

function lengthOf(block: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const piece of block) bytes += piece.byteLength;
  return bytes;
}

async function writeAll(file: FileHandle, block: readonly Uint8Array[], position: number): Promise<void> {
  let rest = [...block];
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, at);
    at += bytesWritten;
    rest = withoutFirst(rest, bytesWritten);
  }
}

/** What is left of the pieces when their first `bytes` bytes are taken away. */
function withoutFirst(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let taken = bytes;
  let index = 0;
  for (const piece of pieces) {
    if (taken < piece.byteLength) break;
    taken -= piece.byteLength;
    index += 1;
  }
  const rest = pieces.slice(index);
  const first = rest[0];
  if (first !== undefined && taken > 0) rest[0] = first.subarray(taken);
  return rest;
}
