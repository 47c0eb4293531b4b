import { expect, test } from "vitest";
import { projectFiles, readProjectFile } from "./project-files.ts";

// The patterns are written so that they do not find themselves.

/** Folders that exist on somebody's machine only. The system's own, such as /dev and /etc, are the same everywhere. */
const machinePath = /(?<![\w.$*})])\/(?:home|Users|root|work|tmp|mnt|srv|opt|private)\/(?!\*)[\w.-]/;

/** Hosts that packages come from: which one that is, is the business of whoever installs. */
const packageRegistry =
  /\b(?:registry\.(?:npmjs|yarnpkg|npmmirror)|npm\.pkg\.github|proxy\.golang|sum\.golang|(?:files\.)?pypi(?:\.org|\.python|thonhosted)|crates\.io|(?:deb|security)\.debian|archive\.ubuntu)\b/;

const unfinished = /\b(?:TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/;

function linesWith(pattern: RegExp): string[] {
  return projectFiles().flatMap((path) =>
    readProjectFile(path)
      .split("\n")
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [],
      ),
  );
}

test("no file knows where it lies on a machine", () => {
  expect(linesWith(machinePath)).toEqual([]);
  for (const line of [`cd /${"home"}/me/portolan`, `"/${"tmp"}/x"`, `(/${"root"}/go/bin)`])
    expect(line).toMatch(machinePath);
  for (const line of ["/v2/root/x", "a/tmp/b", "shared/work/x"]) expect(line).not.toMatch(machinePath);
});

test("no file names a host that packages come from", () => {
  expect(linesWith(packageRegistry)).toEqual([]);
  for (const host of ["registry.np" + "mjs.org", "proxy.go" + "lang.org", "py" + "pi.org"])
    expect(host).toMatch(packageRegistry);
});

test("no file says that it is not finished", () => {
  expect(linesWith(unfinished)).toEqual([]);
  expect("// TO" + "DO: later").toMatch(unfinished);
});

test("no test is left out or runs alone", () => {
  const left = /\b(?:test|it|describe)\s*\.\s*(?:skip|only|todo|fails)\b/;
  expect(linesWith(left)).toEqual([]);
  expect("test" + ".skip(").toMatch(left);
});

test("every text ends its lines the Unix way", () => {
  expect(linesWith(/\r/)).toEqual([]);
});
