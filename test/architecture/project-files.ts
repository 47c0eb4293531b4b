import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The project's folder. */
export const root = join(import.meta.dirname, "..", "..");

const ignored = readFileSync(join(root, ".gitignore"), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map(matcherOf);

/**
 * Every file that is, or would be, under version control: relative to the root, with forward slashes, sorted. It does not ask
 * git, so that the tests run in an unpacked archive too, and see a mistake before it is committed.
 */
export function projectFiles(folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(
      (entry) =>
        entry.name !== ".git" && !ignored.some((ignores) => ignores(entry.name, entry.isDirectory())),
    )
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? projectFiles(path) : [path];
    })
    .sort();
}

export function readProjectFile(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** A pattern of .gitignore, as far as it is used here: the name of a folder or a file, or the end of one. */
function matcherOf(pattern: string): (name: string, folder: boolean) => boolean {
  if (!/^\*?[\w.-]+\/?$/.test(pattern))
    throw new Error(`.gitignore has a pattern that this test cannot read: ${pattern}`);
  const text = pattern.replace(/\/$/, "");
  const foldersOnly = pattern.endsWith("/");
  return (name, folder) =>
    (folder || !foldersOnly) && (text.startsWith("*") ? name.endsWith(text.slice(1)) : name === text);
}
