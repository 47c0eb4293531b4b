import { randomBytes } from "node:crypto";
import { link, open, readFile, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Directories } from "./directories.ts";
import { codeOf, ifExists } from "./file-errors.ts";

const keyBytes = 32;
const nonceBytes = 16;

/**
 * The secret in a file, made at the first start. Processes that start at once agree on one, since only the first can give
 * its file the name.
 * @throws Error when the file holds something else
 */
export async function readOrCreateKey(path: string, directories: Directories): Promise<Uint8Array> {
  const existing = await ifExists(readFile(path));
  if (existing === undefined) await createKey(path);
  await directories.sync(dirname(path));
  const key = existing ?? (await readFile(path));
  if (key.length !== keyBytes) throw new Error(`${path} does not hold a key of ${keyBytes} bytes`);
  return key;
}

async function createKey(path: string): Promise<void> {
  const temporary = `${path}.${randomBytes(nonceBytes).toString("base64url")}`;
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(randomBytes(keyBytes));
    await file.sync();
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    await file.close();
    await unlink(temporary);
  }
}
