import { type FileHandle, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { BlockWriter } from "../ports/blob-store.ts";
import type { Directories } from "./directories.ts";
import { asRegistryError } from "./file-errors.ts";

/** Bytes after which a sync runs in the background, so that little is left to wait for at the end. */
const syncBytes = 32 * 1024 ** 2;

/** Bytes whose sync is short enough not to wait for a slot. */
const shortSyncBytes = 4 * 1024 ** 2;

/**
 * Lets few long syncs run at once. Each holds one of the four threads that all file work of the process shares, and more of
 * them at once do not make the disk faster.
 */
export class SyncSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(slots: number) {
    this.#free = slots;
  }

  get isFree(): boolean {
    return this.#free > 0;
  }

  /** Runs a sync as soon as there is a slot for it, in the order of the calls. */
  async run(sync: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await sync();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

/** Writes the blocks of one request to a file of their own: each at its position, from where the pieces lie. */
export class RunWriter implements BlockWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #slots: SyncSlots;
  #bytes = 0;
  #unsyncedBytes = 0;
  /** The write under way: the kernel lets one at a file only, and a second would keep a processor spinning. */
  #writing = Promise.resolve();
  #sync: Promise<void> | undefined;
  #syncFailure: unknown;
  /** The file's entry in its directory, which is synced while the bytes come. */
  readonly #entry: Promise<void>;
  #closed = false;

  private constructor(path: string, file: FileHandle, entry: Promise<void>, slots: SyncSlots) {
    this.#path = path;
    this.#file = file;
    this.#slots = slots;
    this.#entry = entry;
    entry.catch(() => {});
  }

  /**
   * @param path must be new; its directory is made if need be
   * @param named whether the file's name is to be durable, too, when it is finished
   */
  static async create(
    path: string,
    directories: Directories,
    slots: SyncSlots,
    named: boolean,
  ): Promise<RunWriter> {
    const directory = dirname(path);
    try {
      await directories.ensure(directory);
      const file = await open(path, "wx", 0o600);
      const entry = named ? directories.sync(directory) : Promise.resolve();
      return new RunWriter(path, file, entry, slots);
    } catch (error) {
      throw asRegistryError(error);
    }
  }

  async stage(block: readonly Uint8Array[]): Promise<void> {
    const position = this.#bytes;
    const bytes = lengthOf(block);
    this.#bytes += bytes;
    try {
      this.#writing = this.#writing.then(async () => {
        await writeAll(this.#file, block, position);
      });
      await this.#writing;
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
      const sync = () => this.#file.datasync();
      await (this.#unsyncedBytes > shortSyncBytes ? this.#slots.run(sync) : sync());
      await this.#close();
      await this.#entry;
    } catch (error) {
      throw asRegistryError(error);
    }
  }

  async abandon(): Promise<void> {
    await this.#close().catch(() => {});
    await unlink(this.#path).catch(() => {});
  }

  /** Not while others do: their turn ends, and this writer asks again with its next block. */
  #syncInBackground(): void {
    if (this.#sync !== undefined || !this.#slots.isFree) return;
    this.#unsyncedBytes = 0;
    this.#sync = this.#slots
      .run(() => this.#file.datasync())
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
