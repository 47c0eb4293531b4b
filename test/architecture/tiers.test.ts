import { describe, expect, test } from "vitest";
import { type TierFigures, tiers, usualTiers } from "../../shared/domain/tiers/table.ts";
import { readProjectFile } from "./project-files.ts";

const units: Readonly<Record<string, number>> = { "": 1, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

function amountIn(cell: string): number | boolean {
  if (cell === "yes" || cell === "no") return cell === "yes";
  const [, digits = "", unit = ""] = /^([\d,]+)(?: (\w+))?$/.exec(cell) ?? [];
  return Number(digits.replaceAll(",", "")) * (units[unit] ?? Number.NaN);
}

describe("the table of docs/tiers.md", () => {
  const rows = readProjectFile("docs/tiers.md")
    .split("\n")
    .filter((line) => /^\| `\w+` \|/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));

  test("has every figure once, with its true value in each tier, and no others", () => {
    const figures = rows.filter((row) => row.length === 7);
    const names = figures.map(([, name = ""]) => name.replaceAll("`", ""));
    expect(names.toSorted()).toEqual(Object.keys(usualTiers.Basic).toSorted());
    for (const [, name = "", ...cells] of figures) {
      const figure = name.replaceAll("`", "") as keyof TierFigures;
      const told = Object.fromEntries(tiers.map((tier, at) => [tier, amountIn(cells[at] ?? "")]));
      const meant = Object.fromEntries(tiers.map((tier) => [tier, usualTiers[tier][figure]]));
      expect(told, figure).toEqual(meant);
    }
  });
});
