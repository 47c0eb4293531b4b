import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { decodeTime } from "ulid";
import { codeOf, ifExists } from "./file-errors.ts";

const millisPerDay = 24 * 3600 * 1000;
const uploadFile = /^([A-Za-z0-9_-]+)([.+])[A-Za-z0-9_-]+$/;
const dateName = /^\d{4}-\d\d-\d\d$/;

/**
 * Removes what uploads left that began before `before` and were never committed: runs under their staging names, and parts
 * of a commit that was cut before the place itself was there.
 * @param before ms since 1970; no such upload may be at work any more
 * @returns how many uploads
 */
export async function removeUnfinished(root: string, before: number): Promise<number> {
  let uploads = 0;
  for (const container of await namesIn(root)) {
    const folder = join(root, container, "u");
    for (const date of await namesIn(folder)) {
      if (!dateName.test(date) || Date.parse(date) >= before) continue;
      uploads += await removeFrom(join(folder, date), Date.parse(date), before);
    }
  }
  return uploads;
}

async function removeFrom(folder: string, day: number, before: number): Promise<number> {
  const names = new Set(await namesIn(folder));
  const removed = new Set<string>();
  for (const name of names) {
    const [, id, separator] = uploadFile.exec(name) ?? [];
    if (id === undefined || (separator === "+" && names.has(id))) continue;
    const path = join(folder, name);
    if ((await beginOf(path, id, day)) >= before) continue;
    if ((await ifExists(unlink(path).then(() => true))) === true) removed.add(id);
  }
  return removed.size;
}

/** When an upload began, at the latest: its id tells, or else its folder and the last write. */
async function beginOf(path: string, id: string, day: number): Promise<number> {
  const time = timeOf(id);
  if (time !== undefined && time >= day && time < day + millisPerDay) return time;
  const modified = (await ifExists(stat(path)))?.mtimeMs ?? day;
  return Math.min(modified, day + millisPerDay - 1);
}

function timeOf(id: string): number | undefined {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id)) return undefined;
  return decodeTime(id);
}

/** Empty where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
