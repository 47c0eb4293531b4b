import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import type * as Promises from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";

const directorySyncMillis = 3;

/** Bytes of a file as they are, and as they surely are on disk. */
class File {
  current: Uint8Array = new Uint8Array();
  durable: Uint8Array = new Uint8Array();
}

type Entries = ReadonlyMap<string, File | Directory>;

/** The states of a directory after each change of it, and which of them is surely on disk. */
class Directory {
  readonly states: Entries[] = [new Map()];
  durable = 0;
  /** What its last sync made durable, whoever had made it. */
  syncedNames: readonly string[] = [];

  get now(): Entries {
    return this.states.at(-1) ?? new Map();
  }

  change(edit: (entries: Map<string, File | Directory>) => void): void {
    const entries = new Map(this.now);
    edit(entries);
    this.states.push(entries);
  }
}

/** What a power cut leaves: for each file and each directory, what was synced, or something later. */
export type Survival = "synced" | "random";

/**
 * Sees every change that goes through `node:fs/promises` below one folder, and knows of each whether it was synced. From that
 * it builds the disk that a power cut would leave: unsynced bytes are lost or not, unsynced changes of a directory
 * survive up to some moment.
 */
export class RecordedDisk {
  readonly #root: string;
  readonly #top = new Directory();

  constructor(root: string) {
    this.#root = resolve(root);
  }

  /** Writes what is left to a new folder. The root itself was there before. */
  writeSurvivors(to: string, survival: Survival): void {
    mkdirSync(to, { recursive: true });
    writeDirectory(to, this.#top, survival);
  }

  /** The names that the last sync of a directory made durable, files of native code included. */
  syncedNames(path: string): readonly string[] {
    const found = this.#find(path);
    return found instanceof Directory ? found.syncedNames : [];
  }

  /** The module, recording. Only what `shared/local` calls is recorded. */
  wrap(real: typeof Promises): Partial<typeof Promises> {
    return {
      ...real,
      mkdir: (async (path: string, options: object) => {
        await real.mkdir(path, options);
        this.#directoryOf(path)?.change((entries) => entries.set(basename(path), new Directory()));
      }) as typeof real.mkdir,
      open: (async (path: string, flags: string, mode?: number) => {
        const handle = await real.open(path, flags, mode);
        if (flags !== "r") {
          this.#directoryOf(path)?.change((entries) => entries.set(basename(path), new File()));
        }
        return this.#wrapHandle(handle, path);
      }) as typeof real.open,
      rename: (async (from: string, to: string) => {
        await real.rename(from, to);
        this.#move(from, to, true);
      }) as typeof real.rename,
      link: (async (from: string, to: string) => {
        await real.link(from, to);
        this.#move(from, to, false);
      }) as typeof real.link,
      unlink: (async (path: string) => {
        await real.unlink(path);
        this.#directoryOf(path)?.change((entries) => entries.delete(basename(path)));
      }) as typeof real.unlink,
    };
  }

  #wrapHandle(handle: FileHandle, path: string): FileHandle {
    const node = this.#find(path);
    const sync = (real: () => Promise<void>) => async () => {
      const commit = node === undefined ? () => {} : beginSync(node, path);
      await real();
      // Slower than the syncs of files, so that who does not wait for it is found out.
      if (node instanceof Directory) await setTimeout(directorySyncMillis);
      commit();
    };
    const calls: Partial<FileHandle> = {
      sync: sync(() => handle.sync()),
      datasync: sync(() => handle.datasync()),
      writev: (async (pieces: readonly Uint8Array[], position: number) => {
        const result = await handle.writev(pieces, position);
        const written = Buffer.concat(pieces).subarray(0, result.bytesWritten);
        if (node instanceof File) node.current = withBytes(node.current, written, position);
        return result;
      }) as FileHandle["writev"],
      writeFile: async (data) => {
        await handle.writeFile(data);
        if (node instanceof File) node.current = Uint8Array.from(data as Uint8Array);
      },
    };
    return new Proxy(handle, {
      get: (target, name) => {
        const recorded: unknown = Reflect.get(calls, name);
        if (recorded !== undefined) return recorded;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  #move(from: string, to: string, takeAway: boolean): void {
    const node = this.#find(from);
    if (node === undefined && !resolve(from).startsWith(`${this.#root}/`)) return;
    const [source, target] = [this.#directoryOf(from), this.#directoryOf(to)];
    if (node === undefined || source === undefined || source !== target) {
      throw new Error(`a change that the test does not model: ${from} to ${to}`);
    }
    source.change((entries) => {
      if (takeAway) entries.delete(basename(from));
      entries.set(basename(to), node);
    });
  }

  #directoryOf(path: string): Directory | undefined {
    const found = this.#find(dirname(path));
    return found instanceof Directory ? found : undefined;
  }

  #find(path: string): File | Directory | undefined {
    const whole = resolve(path);
    if (whole === this.#root) return this.#top;
    if (!whole.startsWith(`${this.#root}/`)) return undefined;
    let node: File | Directory | undefined = this.#top;
    for (const name of whole.slice(this.#root.length + 1).split("/")) {
      if (!(node instanceof Directory)) return undefined;
      node = node.now.get(name);
    }
    return node;
  }
}

/** A sync covers what was done before it began. @returns what to do once it is over */
function beginSync(node: File | Directory, path: string): () => void {
  if (node instanceof File) {
    const bytes = node.current;
    return () => {
      node.durable = bytes;
    };
  }
  const state = node.states.length - 1;
  const names = readdirSync(path);
  return () => {
    node.durable = Math.max(node.durable, state);
    node.syncedNames = names;
  };
}

function withBytes(before: Uint8Array, written: Uint8Array, position: number): Uint8Array {
  const after = new Uint8Array(Math.max(before.length, position + written.length));
  after.set(before);
  after.set(written, position);
  return after;
}

function writeDirectory(to: string, directory: Directory, survival: Survival): void {
  const last = directory.states.length - 1;
  const lost = survival === "synced" ? 0 : Math.floor(Math.random() * (last - directory.durable + 1));
  const entries = directory.states[directory.durable + lost] ?? new Map<string, never>();
  for (const [name, node] of entries) {
    const path = join(to, name);
    if (node instanceof Directory) {
      mkdirSync(path);
      writeDirectory(path, node, survival);
    } else {
      const kept = survival === "synced" || Math.random() < 0.5 ? node.durable : node.current;
      writeFileSync(path, kept);
    }
  }
}
