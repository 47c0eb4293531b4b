import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { projectFiles, readProjectFile, root } from "./project-files.ts";

const pages = projectFiles().filter((path) => path.endsWith(".md"));

/** Prose only: what is in code is not a link. */
function proseOf(path: string): string {
  return readProjectFile(path)
    .replace(/^```[\s\S]*?^```/gm, "")
    .replace(/`[^`\n]*`/g, "``");
}

/** A heading's anchor, as code hosts make it. */
function anchorsOf(path: string): string[] {
  const headings = readProjectFile(path)
    .replace(/^```[\s\S]*?^```/gm, "")
    .matchAll(/^#+ +(.+)$/gm);
  return [...headings].map(([, text = ""]) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("the documentation", () => {
  test("has only links that lead somewhere", () => {
    const broken = pages.flatMap((page) =>
      [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !/^(https?|mailto):/.test(target))
        .filter((target) => {
          const [file = "", anchor] = target.split("#");
          const path = file === "" ? page : normalize(join(dirname(page), file));
          if (path.startsWith("..") || !existsSync(join(root, path))) return true;
          return anchor !== undefined && !anchorsOf(path).includes(anchor);
        })
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test("can all be reached from the README", () => {
    const reached = new Set<string>();
    const follow = (page: string) => {
      if (reached.has(page) || !existsSync(join(root, page))) return;
      reached.add(page);
      for (const [, target = ""] of proseOf(page).matchAll(/\]\(([^)\s#]+\.md)[^)\s]*\)/g)) {
        follow(normalize(join(dirname(page), target)));
      }
      for (const [, target = ""] of proseOf(page).matchAll(/\]\((CONTRIBUTING)\)/g)) follow(`${target}.md`);
    };
    follow("README.md");
    expect(pages.filter((page) => !reached.has(page))).toEqual([]);
  });
});

describe("docs/architecture.md", () => {
  /** Paths of the list of folders: `shared/`, and below it `  domain/` and so on. */
  const listed = (() => {
    const list = /^```\n(functions\/[\s\S]*?)^```/m.exec(readProjectFile("docs/architecture.md"))?.[1] ?? "";
    let parent = "";
    return list.split("\n").flatMap((line) => {
      const names = /^( *)((?:[\w.-]+\/? {1,2})*[\w.-]+\/?) {2,}\S/.exec(line);
      if (names === null) return [];
      const paths = (names[2] ?? "").split(/ +/).map((name) => (names[1] === "" ? "" : parent) + name);
      if (names[1] === "") parent = paths[0] ?? "";
      return paths;
    });
  })();

  test("lists folders and files that exist", () => {
    expect(listed.length).toBeGreaterThan(10);
    expect(listed.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test("leaves out no folder of the source", () => {
    const folders = new Set(
      projectFiles()
        .filter((path) => /\.ts$/.test(path))
        .map((path) => path.split("/")),
    );
    const top = [...folders].flatMap((parts) => (parts.length > 1 ? [`${parts[0]}/`] : []));
    const layers = [...folders].flatMap((parts) =>
      parts[0] === "shared" && parts.length > 2 ? [`shared/${parts[1]}/`] : [],
    );
    expect([...new Set([...top, ...layers])].filter((folder) => !listed.includes(folder))).toEqual([]);
  });
});

test("the README's table of settings has every variable that is read, and no other", () => {
  const rows = [...readProjectFile("README.md").matchAll(/^\| ((?:`[A-Z_]+`(?:, )?)+) \|/gm)];
  const told = rows.flatMap(([, cell = ""]) => [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name));
  const read = projectFiles()
    .filter((path) => /^(functions|shared|host)\//.test(path))
    .flatMap((path) => [...readProjectFile(path).matchAll(/\benv\["([A-Z_]+)"\]/g)].map(([, name]) => name));
  expect(told.sort()).toEqual([...new Set(read)].sort());
});
