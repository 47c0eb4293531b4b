import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { programVersion } from "../../conformance/program.ts";
import { judge } from "../../conformance/results.ts";

const expected = { totalMin: 3, disabledMax: 1 };

const yaml = (status = "Pass", commit = programVersion) => `config:
  registry: 127.0.0.1:5000
  version: dev
  commit: ${commit}
apis:
  Blob anonymous mount: ${status}
  Ping: Pass
data:
  Image: Pass
  Sparse Manifests: Disabled
`;

const junit = (attributes = 'tests="3" disabled="1"', more = "") => `<testsuites time="1.2" ${attributes}>
  <testsuite name="OCI Conformance Test" tests="3" failures="0" errors="0" time="1.2">
    <testcase name="OCI Conformance Test/ping" classname="" time="0.001" status="passed">
      <system-err>&gt; GET /v2/</system-err>
    </testcase>
    <testcase name="OCI Conformance Test/post cancel" classname="" status="skipped"></testcase>${more}
  </testsuite>
</testsuites>
`;

describe("a run of the conformance program", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "portolan-results-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const judged = (results: string, suites: string) => {
    writeFileSync(join(folder, "results.yaml"), results);
    writeFileSync(join(folder, "junit.xml"), suites);
    return judge(folder, expected);
  };

  test("is sound when everything passed that the version of the spec asks for", () => {
    expect(judged(yaml(), junit())).toEqual({
      counts: { pass: 2, skip: 0, fail: 0, disabled: 1, total: 3 },
      complaints: [],
    });
  });

  test("is unsound without results, whatever the program's exit code was", () => {
    const { counts, complaints } = judge(folder, expected);
    expect(counts.total).toBe(0);
    expect(complaints).toEqual([expect.stringContaining("no readable results")]);
    expect(judged("", "").complaints).toContain("results.yaml names no API and no data");
  });

  test("is unsound when a test was skipped, and says which and why", () => {
    const skipped = `
    <testcase name="OCI Conformance Test/mount anonymous" status="skipped">
      <system-out>registry returned
        status 202</system-out>
    </testcase>`;
    const { counts, complaints } = judged(yaml("Skip"), junit('tests="3" skipped="1"', skipped));
    expect(counts).toEqual({ pass: 2, skip: 1, fail: 0, disabled: 0, total: 3 });
    expect(complaints).toEqual([
      "OCI Conformance Test/mount anonymous: skipped: registry returned status 202",
      "Blob anonymous mount: Skip",
      "1 skipped",
    ]);
  });

  test("counts errors of the program as failures", () => {
    const { counts, complaints } = judged(yaml("FAIL"), junit('tests="4" failures="1" errors="1"'));
    expect(counts).toMatchObject({ pass: 2, fail: 2 });
    expect(complaints).toEqual(["Blob anonymous mount: FAIL", "2 failed"]);
  });

  test("is unsound when fewer tests ran, or more were disabled, than the version of the spec explains", () => {
    expect(judged(yaml(), junit('tests="2"')).complaints).toEqual(["only 2 tests ran, of at least 3"]);
    expect(judged(yaml(), junit('tests="9" disabled="2"')).complaints).toEqual([
      "2 tests were disabled, of at most 1",
    ]);
  });

  test("is unsound when another version of the program made it", () => {
    expect(judged(yaml("Pass", "unknown"), junit()).complaints).toEqual([
      `the program is unknown, not ${programVersion}`,
    ]);
  });
});
