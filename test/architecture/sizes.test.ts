import { basename, dirname } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { projectFiles, readProjectFile } from "./project-files.ts";

/** What is aimed at is less: about 250 lines of a file, 60 of a function, 15 files of a folder. */
const fileLinesMax = 300;
const functionLinesMax = 70;
const folderFilesMax = 20;

const sources = projectFiles().filter((path) => /\.(ts|js|mjs|sh)$/.test(path));
const product = sources.filter((path) => /^(functions|shared|host)\//.test(path));

describe("the project is made of small pieces", () => {
  test("no source file is longer than 300 lines", () => {
    const long = sources.filter((path) => readProjectFile(path).split("\n").length - 1 > fileLinesMax);
    expect(long).toEqual([]);
  });

  test("no function of the product is longer than 70 lines", () => {
    expect(product.flatMap((path) => longFunctions(path, readProjectFile(path)))).toEqual([]);
    const long = `function f() {\n${"g();\n".repeat(functionLinesMax)}}`;
    expect(longFunctions("example.ts", long)).toEqual(["example.ts:1 has 72 lines"]);
  });

  test("no folder has more than 20 source files", () => {
    const counts = new Map<string, number>();
    for (const path of sources) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > folderFilesMax)).toEqual([]);
  });
});

describe("a file is named after what is in it", () => {
  test("in lower case, with hyphens", () => {
    expect(sources.filter((path) => !/^(\.?[a-z0-9-]+\/)*[a-z0-9.-]+$/.test(path))).toEqual([]);
  });

  test("and is no place for whatever has no name", () => {
    const nameless = /^(utils?|helpers?|common|misc|lib|shared|index|types|constants)$/;
    const named = (path: string) => [
      basename(path).replace(/\..*$/, ""),
      ...dirname(path).split("/").slice(1),
    ];
    expect(sources.filter((path) => named(path).some((name) => nameless.test(name)))).toEqual([]);
  });

  test("and hands on nothing that is in another", () => {
    const handingOn = /^export\s+(type\s+)?(\*|\{[^}]*\})\s*(as\s+\w+\s+)?from\s/m;
    expect(sources.filter((path) => handingOn.test(readProjectFile(path)))).toEqual([]);
    for (const text of [
      'export * from "./a.ts";',
      'export {\n  a,\n} from "./a.ts";',
      'export type { A } from "./a.ts";',
    ]) {
      expect(text).toMatch(handingOn);
    }
  });
});

function longFunctions(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const found: string[] = [];
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ts.Node) => {
    if (ts.isFunctionLike(node)) {
      const first = lineOf(node.getStart(file));
      const lines = lineOf(node.end) - first + 1;
      if (lines > functionLinesMax) found.push(`${path}:${first} has ${lines} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
