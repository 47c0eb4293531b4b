import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "./file-errors.ts";

/**
 * Makes directories and their entries durable: a file that is synced is still lost in a power cut when the entry that names
 * it is not.
 */
export class Directories {
  readonly #durable = new Set<string>();
  readonly #syncs = new Map<string, { running: Promise<void>; next: Promise<void> | undefined }>();

  /** Creates a directory with those above it, and syncs the entry of each new one. */
  async ensure(path: string): Promise<void> {
    if (this.#durable.has(path)) return;
    const parent = dirname(path);
    let made = await make(path);
    if (made === "no parent") {
      this.#durable.delete(parent);
      await this.ensure(parent);
      made = await make(path);
      if (made === "no parent") throw new Error(`ENOENT: no directory can be made at ${path}`);
    }
    // Also when it existed: another process may have made it a moment ago. But a folder that others own may be closed to us.
    await this.sync(parent).catch((error: unknown) => {
      if (made === "made" || codeOf(error) !== "EACCES") throw error;
    });
    this.#durable.add(path);
  }

  /**
   * Syncs the entries of a directory. Callers that come while a sync is under way share the next one, for that one began too
   * early for them.
   */
  async sync(path: string): Promise<void> {
    const state = this.#syncs.get(path);
    if (state !== undefined) {
      state.next ??= state.running
        .catch(() => {})
        .then(async () => {
          await this.#start(path);
        });
      await state.next;
      return;
    }
    await this.#start(path);
  }

  async #start(path: string): Promise<void> {
    const running = syncDirectory(path);
    const state = { running, next: undefined };
    this.#syncs.set(path, state);
    try {
      await running;
    } finally {
      if (this.#syncs.get(path) === state && state.next === undefined) this.#syncs.delete(path);
    }
  }
}

async function make(path: string): Promise<"made" | "existed" | "no parent"> {
  try {
    await mkdir(path, { mode: 0o700 });
    return "made";
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return "existed";
    if (code === "ENOENT" && dirname(path) !== path) return "no parent";
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
