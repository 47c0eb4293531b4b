import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { compileGlob, compileGlobs, isRepositoryGlob, isTagGlob } from "../../../shared/domain/glob.ts";
import { cpuMillisOf } from "../cpu-time.ts";

/** The same by trying all that each wildcard may be: slow, and hard to get wrong. */
function matches(glob: string, text: string, begins = true): boolean {
  if (glob === "") return text === "";
  const slash = text.startsWith("/");
  if (begins && glob.startsWith("**/")) {
    if (matches(glob.slice(3), text, true)) return true;
    return [...text].some(
      (character, at) => character === "/" && matches(glob.slice(3), text.slice(at + 1), true),
    );
  }
  if (glob.startsWith("**")) {
    return matches(glob.slice(2), text, false) || (text !== "" && matches(glob, text.slice(1), false));
  }
  if (glob.startsWith("*")) {
    if (matches(glob.slice(1), text, false)) return true;
    return text !== "" && !slash && matches(glob, text.slice(1), false);
  }
  if (text === "" || (glob.startsWith("?") ? slash : glob[0] !== text[0])) return false;
  return matches(glob.slice(1), text.slice(1), glob[0] === "/");
}

const globs = fc
  .array(fc.constantFrom("a", "b", "/", "*", "**", "?", "**/", "/**/"), { maxLength: 7 })
  .map((parts) => parts.join(""));
const texts = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 9 });

describe("a glob", () => {
  it("matches what its wildcards can be made to match", () => {
    fc.assert(
      fc.property(globs, texts, (glob, text) => {
        expect(compileGlob(glob)(text), `${glob} ${text}`).toBe(matches(glob, text));
      }),
      { numRuns: 3_000 },
    );
  });

  it("matches itself when it has no wildcard, and nothing else", () => {
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        expect(compileGlob(one)(other)).toBe(one === other);
      }),
    );
  });

  test.each([
    ["v*", "v1.0", true],
    ["v*", "1.0", false],
    ["v1.?", "v1.2", true],
    ["v1.?", "v1x2", false],
    ["*", "library/alpine", false],
    ["**", "library/alpine", true],
    ["library/*", "library/alpine", true],
    ["library/*", "library/alpine/edge", false],
    ["library/**", "library/alpine/edge", true],
    ["library/**", "library", false],
    ["**/app", "app", true],
    ["**/app", "team/one/app", true],
    ["**/app", "team/myapp", false],
    ["team/**/app", "team/app", true],
    ["team/**/app", "team/a/b/app", true],
    ["team/**/app", "teamapp", false],
    ["a.b", "aXb", false],
  ])("%s of %s: %s", (glob, text, expected) => {
    expect(compileGlob(glob)(text)).toBe(expected);
  });

  it("takes no longer for what regular expressions choke on", () => {
    const hostile = compileGlob(`${"*a".repeat(127)}b`);
    expect(cpuMillisOf(() => expect(hostile("a".repeat(255))).toBe(false))).toBeLessThan(500);
  });

  it("is one of several, and none of none", () => {
    expect(compileGlobs(["v*", "latest"])("latest")).toBe(true);
    expect(compileGlobs([])("latest")).toBe(false);
  });

  it("has only characters that can occur, and wildcards", () => {
    for (const glob of ["**", "team/*", "a-b_c.d/?"]) expect(isRepositoryGlob(glob), glob).toBe(true);
    for (const glob of ["", "Team", "a b", "[ab]", "a\n", "{a,b}"])
      expect(isRepositoryGlob(glob), glob).toBe(false);
    for (const glob of ["v*", "V1.?", "a_b-c"]) expect(isTagGlob(glob), glob).toBe(true);
    for (const glob of ["", "a/b", "(a)", "a:b", "v1\n"]) expect(isTagGlob(glob), glob).toBe(false);
  });
});
