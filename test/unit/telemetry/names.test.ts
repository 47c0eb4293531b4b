import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attributes, metrics, spanAttributes } from "../../../shared/telemetry/names.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/telemetry.md"), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .flatMap((line) => [...(line.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name));

test("docs/telemetry.md has a row for every metric and every attribute of one, and for no other", () => {
  const settings = rows.filter((name) => name !== undefined && /^[A-Z_]+$/.test(name));
  const named = [...Object.values(metrics), ...Object.values(attributes)];
  expect(rows.filter((name) => !settings.includes(name)).sort()).toEqual(named.sort());
});

test("docs/telemetry.md names every attribute of a span", () => {
  expect(Object.values(spanAttributes).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
