import { describe, expect, test } from "vitest";
import { readProjectFile } from "../project-files.ts";

const names = readProjectFile("shared/telemetry/names.ts");
const alerts = readProjectFile("infra/modules/alerts.bicep");
const workbook = readProjectFile("infra/modules/workbook.json");

describe.each([
  ["the alerts", alerts],
  ["the workbook", workbook.replaceAll('\\"', '"')],
])("%s", (_, text) => {
  test("ask for metrics and dimensions that the registry has", () => {
    const metrics = [...text.matchAll(/name == "([\w.]+)"/g)].map(([, name]) => name);
    const dimensions = [...text.matchAll(/customDimensions\["([\w.]+)"\]/g)].map(([, name]) => name);
    expect(metrics.length).toBeGreaterThan(3);
    expect(
      [...metrics, ...dimensions].filter((name) => name?.includes(".") && !names.includes(`"${name}"`)),
    ).toEqual([]);
  });
});

test("the alert on keys asks for what the registry logs, where a line with an error goes", () => {
  expect(readProjectFile("shared/app.ts")).toContain('"failure", { work: "keys", error: ');
  expect(alerts).toContain('union traces, exceptions\n| where tostring(customDimensions["work"]) == "keys"');
});

test("each question of the alerts has a row in the docs", () => {
  const titles = [...alerts.matchAll(/^ {4}title: '(.*)'$/gm)].map(([, title = ""]) => title);
  const told = readProjectFile("docs/operate.md").toLowerCase();
  const begin = (title: string) => title.toLowerCase().split(" ").slice(0, 3).join(" ");
  expect(titles).toHaveLength(5);
  expect(titles.filter((title) => !told.includes(begin(title)))).toEqual([]);
});
