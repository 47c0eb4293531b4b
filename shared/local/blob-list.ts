import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type Container,
  checkListLimit,
  type StoredBytes,
  type StoredBytesPage,
  type StoredBytesQuery,
} from "../ports/blob-store.ts";
import { committedParts } from "./blob-chain.ts";
import { ifExists } from "./file-errors.ts";
import { namesIn } from "./unfinished.ts";

/** As blobs are named: further parts of one, and what is staged, have a separator in their names. */
const idGrammar = /^[A-Za-z0-9_-]+$/;
const dateGrammar = /^\d{4}-\d\d-\d\d$/;

/** A page of the blobs below `folder`: of what is committed, the file of the place itself is there. */
export async function listBlobs(
  folder: string,
  container: Container,
  { prefix, after = "", limit }: StoredBytesQuery,
): Promise<StoredBytesPage> {
  checkListLimit(limit);
  const names: string[] = [];
  for (const date of (await namesIn(join(folder, "u"))).filter((name) => dateGrammar.test(name)).sort()) {
    const start = `u/${date}/`;
    if (!start.startsWith(prefix) && !prefix.startsWith(start)) continue;
    if (start < after && !after.startsWith(start)) continue;
    const ids = (await namesIn(join(folder, start))).filter((id) => idGrammar.test(id)).sort();
    names.push(...ids.map((id) => start + id).filter((name) => name.startsWith(prefix) && name > after));
    if (names.length > limit) break;
  }
  const page = names.slice(0, limit);
  const stored: StoredBytes[] = [];
  for (const name of page) {
    const found = await storedAt(join(folder, name));
    if (found !== undefined) stored.push({ place: { ...container, name }, ...found });
  }
  const last = page.at(-1);
  return { stored, ...(names.length > limit && last !== undefined ? { next: last } : {}) };
}

async function storedAt(path: string): Promise<{ size: number; committedAt: number } | undefined> {
  const found = await ifExists(stat(path));
  if (found === undefined) return undefined;
  let size = 0;
  for await (const part of committedParts(path)) size += part.bytes;
  return { size, committedAt: Math.floor(found.mtimeMs) };
}
