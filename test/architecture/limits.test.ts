import { describe, expect, test } from "vitest";
import { limits } from "../../shared/domain/limits.ts";
import { projectFiles, readProjectFile } from "./project-files.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  MB: 1e6,
  s: 1,
  min: 60,
  h: 3600,
  hour: 3600,
  days: 86_400,
};

/** The amounts that a cell of the table names, in bytes, seconds or pieces. */
function amountsOf(cell: string): number[] {
  return [...cell.matchAll(/([\d,]+(?:\.\d+)?)(?:\s*(KiB|MiB|GiB|MB|s|min|hour|h|days)\b)?/g)].map(
    ([, digits = "", unit = ""]) =>
      Math.round(Number(digits.replaceAll(",", "")) * (units[unit] ?? Number.NaN)),
  );
}

describe("a limit", () => {
  const names = Object.keys(limits) as (keyof typeof limits)[];

  test("is used by the registry", () => {
    const texts = projectFiles()
      .filter((path) => /^(functions|shared|host)\//.test(path) && path !== "shared/domain/limits.ts")
      .map(readProjectFile);
    expect(names.filter((name) => !texts.some((text) => text.includes(`limits.${name}`)))).toEqual([]);
  });

  test("is in the table of docs/limits.md, with its true value, and the table has no others", () => {
    const rows = readProjectFile("docs/limits.md")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => line.split("|").map((cell) => cell.trim()));
    const documented = new Map(
      rows.flatMap(([, nameCell = "", valueCell = ""]) =>
        [...nameCell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => [name, amountsOf(valueCell)] as const),
      ),
    );
    expect([...documented.keys()].sort()).toEqual([...names].sort());
    const untrue = names.filter((name) => documented.get(name)?.includes(limits[name]) !== true);
    expect(untrue).toEqual([]);
  });

  test("has a comment, its own or that of the line above", () => {
    const lines = readProjectFile("shared/domain/limits.ts").split("\n");
    const bare = names.filter((name) => {
      let at = lines.findIndex((line) => line.trim().startsWith(`${name}:`));
      while (/^ {2}\w+: /.test(lines[at] ?? "")) at -= 1;
      return !/\*\/$/.test(lines[at] ?? "");
    });
    // Their names say it all.
    expect(bare.filter((name) => name !== "tagCharsMax")).toEqual([]);
  });
});
