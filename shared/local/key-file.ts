import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { limits } from "../domain/limits.ts";
import type { KeyStore } from "../ports/key-store.ts";
import { Directories } from "./directories.ts";
import { asRegistryError, ifExists } from "./file-errors.ts";

const ownerOnly = 0o600;
const othersBits = 0o077;
const nonceBytes = 16;

/** The keys in a file that only its owner may read. */
export class KeyFile implements KeyStore {
  readonly #path: string;
  readonly #directories = new Directories();

  constructor(path: string) {
    this.#path = resolve(path);
  }

  /** @throws Error of one line when others may read the file, or it is none */
  async read(): Promise<string | undefined> {
    // What is no file must not keep us waiting for somebody who writes into it.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    const file = await ifExists(open(this.#path, flags)).catch((error: unknown) => {
      throw this.#failure("be read", error);
    });
    if (file === undefined) return undefined;
    try {
      return await this.#readAll(file);
    } finally {
      await file.close();
    }
  }

  /** At no time is there half a file: the new one takes the name of the old. */
  async write(text: string): Promise<void> {
    const folder = dirname(this.#path);
    const temporary = `${this.#path}.${randomBytes(nonceBytes).toString("base64url")}`;
    try {
      await this.#directories.ensure(folder);
      await writeNew(temporary, text);
      await rename(temporary, this.#path);
      await this.#directories.sync(folder);
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throw this.#failure("be written", asRegistryError(error));
    }
  }

  async #readAll(file: FileHandle): Promise<string> {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`the keys in ${this.#path} cannot be read: it is no file`);
    // Windows has no such bits.
    if ((stats.mode & othersBits) !== 0 && process.platform !== "win32") {
      throw new Error(`others may read or write the keys in ${this.#path}: chmod 600 that file`);
    }
    if (stats.size > limits.keyTextBytesMax) {
      throw new Error(`${this.#path} has more than ${limits.keyTextBytesMax} bytes and is no key file`);
    }
    return await file.readFile("utf8");
  }

  #failure(what: string, error: unknown): unknown {
    if (!(error instanceof Error) || !("syscall" in error)) return error;
    return new Error(`the keys in ${this.#path} cannot ${what}: ${error.message}`);
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", ownerOnly);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
