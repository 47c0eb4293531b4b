import { describe, expect, test } from "vitest";
import { projectFiles, readProjectFile } from "../project-files.ts";
import { resources } from "./templates.ts";

const page = readProjectFile("docs/cost-azure.md");
const perRequest = readProjectFile("docs/cost.md");

/** The columns after the first of the row that begins with this cell, or with these. */
function row(text: string, ...cells: readonly string[]): readonly string[] {
  const start = `| ${cells.join(" | ")} | `;
  const line = text.split("\n").find((candidate) => candidate.startsWith(start)) ?? "";
  return line.slice(start.length).replace(/ \|$/, "").split(" | ");
}

const price = (name: string) => Number(row(page, `\`${name}\``)[0]);

const profileNames = ["Basic", "Standard", "Premium"] as const;
type ProfileName = (typeof profileNames)[number];

function profile(name: ProfileName): (property: string) => string {
  const text = readProjectFile("infra/profiles.bicep");
  const block = text.slice(text.indexOf(`  ${name}: {`));
  return (property) => new RegExp(`^    ${property}: '?(\\w+)'?$`, "m").exec(block)?.[1] ?? "";
}

/** Runs of all timers in a month of 730 hours. */
function timerRuns(): number {
  const text = projectFiles("functions").map(readProjectFile).join("\n");
  const schedules = [...text.matchAll(/"(\d+) (\S+) (\*) \* \* \*"/g)].map(([, , minute = ""]) => minute);
  expect(schedules).toHaveLength(5);
  const perHour = (minute: string) => (minute === "*" ? 60 : minute === "*/10" ? 6 : 1);
  return schedules.reduce((sum, minute) => sum + perHour(minute) * 730, 0);
}

function idle(name: ProfileName, regions: number): number {
  const of = profile(name);
  const gigabytes = Number(of("instanceMemory")) === 512 ? 0.5 : Number(of("instanceMemory")) / 1024;
  const warm = Number(of("warmInstances")) * gigabytes * price("seconds") * price("baseline");
  const timers = timerRuns() * (gigabytes * price("gigabyteSecond") + price("execution") / 1e6);
  const database =
    of("serverlessDatabase") === "true"
      ? 0
      : (Number(of("databaseThroughputMax")) / 10 / 100) * price("throughput");
  const backup = of("databaseBackup") === "Continuous30Days" ? price("backup") : 0;
  const layers = 10 * price(of("storageSku"));
  return (warm + timers + database + backup + price("document") + layers + 0.5 * price("log")) * regions;
}

function load(name: ProfileName, pulls: number, pushes: number): number {
  const serverless = profile(name)("serverlessDatabase") === "true";
  const million = (what: string) => {
    const [requests = 0, compute = 0, documents = 0, storage = 0] = row(perRequest, what).map(Number);
    return requests + compute + storage + (serverless ? documents : 0);
  };
  return (
    (pulls / 1e6) * million("a million pulls") +
    (pushes / 1e6) * million("a million pushes, as containerd does")
  );
}

describe("docs/cost-azure.md", () => {
  test.each([
    ["Basic", 1],
    ["Standard", 1],
    ["Premium", 1],
    ["Premium", 2],
    ["Premium", 3],
  ] as const)("has the month of %s in %d regions", (name, regions) => {
    const [toldIdle, light, busy] = row(page, name, String(regions)).map(Number);
    const nothing = idle(name, regions);
    expect(toldIdle).toBeCloseTo(nothing, 1);
    expect(light).toBeCloseTo(nothing + load(name, 10_000, 1_000), 1);
    expect(busy).toBeCloseTo(nothing + load(name, 1_000_000, 100_000), 1);
  });

  test("has the hosted service's price for the same, as the other page has it", () => {
    const hosted = row(perRequest, "a month of 30.4 days, nothing asked").map((cell) =>
      Number(cell.slice(1)),
    );
    profileNames.forEach((name, at) => {
      expect(Number(row(page, name, "1")[3])).toBe(hosted[at]);
    });
    expect(Number(row(page, "Premium", "2")[3])).toBeCloseTo(2 * (hosted[2] ?? 0), 2);
  });

  test("keeps to the goals", () => {
    expect(idle("Basic", 1)).toBeLessThan(15);
    expect(idle("Premium", 2)).toBeLessThan(100);
  });

  test("has what may be asked for on top", () => {
    const main = readProjectFile("infra/main.bicep");
    const region = readProjectFile("infra/modules/region.bicep");
    const uses = (text: string) =>
      text.match(/^module \w+ '(?:modules\/)?private-endpoint\.bicep'/gm)?.length ?? 0;
    // One of the modules is for three parts of an account.
    const endpoints = uses(main) + uses(region) + 2;
    const network = readProjectFile("infra/modules/network.bicep");
    const zones = network.match(/^ {2}\w+: 'privatelink\./gm)?.length ?? 0;
    expect(Number(row(page, "private network, each region")[0])).toBeCloseTo(
      endpoints * price("endpoint") + zones * price("zone"),
      2,
    );
    const alerts = readProjectFile("infra/modules/alerts.bicep");
    const windows = [...alerts.matchAll(/^ {4}window: '(\w+)'$/gm)].map(([, window]) => window);
    const often = windows.filter((window) => window === "PT5M").length;
    const metricAlerts =
      resources.filter(({ type }) => type === "Microsoft.Insights/metricAlerts").length - 1;
    expect(Number(row(page, "alerts, one region")[0])).toBeCloseTo(
      often * price("queryAlertOften") +
        (windows.length - often) * price("queryAlert") +
        metricAlerts * price("metricAlert"),
      2,
    );
    const asked = /^var expiry = \{\n(?:.*\n)*? {2}window: '(\w+)'$/m.exec(alerts)?.[1];
    expect(asked).toBe("PT1H");
    expect(Number(row(page, "another one with a key of your own")[0])).toBe(price("queryAlert"));
    expect(Number(row(page, "containers for large layers, one always running")[0])).toBeCloseTo(
      (0.5 + 1) * price("seconds") * price("containerIdle"),
      2,
    );
  });

  test("leaves out no type of resource, and names none that is not made", () => {
    const made = new Set(resources.map(({ type }) => type));
    const list = page.slice(page.indexOf("## Resources"));
    const told = new Set([...list.matchAll(/`(Microsoft\.[\w./]+)`/g)].map(([, type = ""]) => type));
    expect([...told].sort()).toEqual([...made].sort());
  });
});
