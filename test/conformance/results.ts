import { readFileSync } from "node:fs";
import { join } from "node:path";
import { programVersion } from "./program.ts";

/** What one run of the conformance program counted. */
export interface Counts {
  readonly pass: number;
  readonly skip: number;
  /** Failures and errors. */
  readonly fail: number;
  readonly disabled: number;
  readonly total: number;
}

/** One run's results: the counts, and everything that is wrong with them, one sentence each. */
export interface Verdict {
  readonly counts: Counts;
  readonly complaints: readonly string[];
}

/** What a run must at least have done. */
export interface Expectation {
  /** Tests that ran, so that a program that stops early is no success. */
  readonly totalMin: number;
  /** Tests that the version of the spec leaves out. */
  readonly disabledMax: number;
}

const nothing: Counts = { pass: 0, skip: 0, fail: 0, disabled: 0, total: 0 };
const complaintsShownMax = 20;

/**
 * Reads `results.yaml` and `junit.xml`. The program exits 0 on a configuration that it cannot read and on skipped tests, so its
 * exit code alone says little: the files must be there, be of the pinned program, and name no status but Pass.
 */
export function judge(folder: string, expected: Expectation): Verdict {
  let statuses: Statuses;
  let junit: string;
  try {
    statuses = parseResults(readFileSync(join(folder, "results.yaml"), "utf8"));
    junit = readFileSync(join(folder, "junit.xml"), "utf8");
  } catch (error) {
    return { counts: nothing, complaints: [`no readable results: ${String(error)}`] };
  }
  const counts = parseCounts(junit);
  const complaints = [...troubles(junit).slice(0, complaintsShownMax)];
  for (const [name, status] of statuses.rows) {
    if (status !== "Pass" && status !== "Disabled") complaints.push(`${name}: ${status}`);
  }
  if (statuses.commit !== programVersion) {
    complaints.push(`the program is ${statuses.commit ?? "unstamped"}, not ${programVersion}`);
  }
  if (statuses.rows.length === 0) complaints.push("results.yaml names no API and no data");
  if (counts.fail > 0) complaints.push(`${counts.fail} failed`);
  if (counts.skip > 0) complaints.push(`${counts.skip} skipped`);
  if (counts.total < expected.totalMin) {
    complaints.push(`only ${counts.total} tests ran, of at least ${expected.totalMin}`);
  }
  if (counts.disabled > expected.disabledMax) {
    complaints.push(`${counts.disabled} tests were disabled, of at most ${expected.disabledMax}`);
  }
  return { counts, complaints };
}

interface Statuses {
  readonly commit: string | undefined;
  /** Each API and each kind of data, with its status. */
  readonly rows: readonly (readonly [string, string])[];
}

/** The few shapes of YAML that the program writes: two maps of plain words, and the configuration above them. */
function parseResults(yaml: string): Statuses {
  const rows: [string, string][] = [];
  let section = "";
  let commit: string | undefined;
  for (const line of yaml.split("\n")) {
    const head = /^(\w+):\s*$/.exec(line)?.[1];
    if (head !== undefined) section = head;
    const [, key, value] = /^ {2}(\S.*?): +(\S.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    if (section === "apis" || section === "data") rows.push([key, value]);
    if (section === "config" && key === "commit") commit = value.replaceAll('"', "");
  }
  return { commit, rows };
}

function parseCounts(junit: string): Counts {
  const root = /<testsuites ([^>]*)>/.exec(junit)?.[1] ?? "";
  const count = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? 0);
  const total = count("tests");
  const fail = count("failures") + count("errors");
  const skip = count("skipped");
  const disabled = count("disabled");
  return { pass: total - fail - skip - disabled, skip, fail, disabled, total };
}

/** The tests that did not pass, each with what the program says. */
function troubles(junit: string): string[] {
  const found: string[] = [];
  for (const block of junit.split("<testcase ").slice(1)) {
    const status = /status="([^"]*)"/.exec(block)?.[1] ?? "unknown";
    const said = /<system-out>([^<]*)/.exec(block)?.[1]?.trim().replace(/\s+/g, " ") ?? "";
    // Disabled tests are "skipped" here too, but have nothing to say.
    if (status === "passed" || (status === "skipped" && said === "")) continue;
    found.push(`${/name="([^"]*)"/.exec(block)?.[1] ?? "?"}: ${status}: ${said.slice(0, 400)}`);
  }
  return found;
}
