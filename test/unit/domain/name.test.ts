import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import {
  asReference,
  asRegistryName,
  asRepositoryName,
  asTag,
  parseRepositoryName,
} from "../../../shared/domain/name.ts";
import { digests, registryNames, repositoryNames, tags, troublemakers } from "../arbitraries.ts";
import { cpuMillisOf } from "../cpu-time.ts";

describe("a repository name", () => {
  test("is whatever the spec's expression describes, up to 255 characters", () => {
    fc.assert(
      fc.property(repositoryNames, (name) => {
        fc.pre(name.length <= limits.repositoryNameCharsMax);
        expect(parseRepositoryName(name)).toBe(name);
      }),
    );
    expect(asRepositoryName("a".repeat(255))).toBe("a".repeat(255));
    expect(asRepositoryName("a".repeat(256))).toBeUndefined();
  });

  test("may be made of the words of the API", () => {
    for (const name of ["v2", "blobs", "manifests/latest", "tags/list", "a/blobs/uploads", "referrers"]) {
      expect(asRepositoryName(name)).toBe(name);
    }
  });

  test.each([
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    "A",
    "a/B",
    ".a",
    "a.",
    "a..b",
    "-a",
    "a-",
    "_a",
    "a_",
    "a___b",
    "a._b",
    "a-_b",
    "a.-b",
    "a/../b",
    ".",
    "..",
    "_catalog",
    "_oci/ext",
    "a b",
    "a+b",
    "a:b",
    "a@b",
    "a\n",
    "a/b\n",
    "a\0b",
    "a%2Fb",
    "ａ",
    "a\u0301",
    "K",
  ])("is not %j", (text) => {
    expect(asRepositoryName(text)).toBeUndefined();
    expect(() => parseRepositoryName(text)).toThrow(
      expect.objectContaining({ code: "NAME_INVALID", status: 400 }),
    );
  });

  test("holds none of what slips past parsers, wherever it stands", () => {
    const strays = troublemakers.filter((text) => !["", "/", "__proto__", "constructor"].includes(text));
    fc.assert(
      fc.property(repositoryNames, fc.constantFrom(...strays), fc.nat(), (name, stray, at) => {
        const cut = at % (name.length + 1);
        expect(asRepositoryName(name.slice(0, cut) + stray + name.slice(cut))).toBeUndefined();
      }),
    );
  });

  test("says why it is refused, and repeats only so much of it", () => {
    expect(() => parseRepositoryName("x".repeat(100_000))).toThrow(
      expect.objectContaining({
        message: "a repository name has at most 255 characters",
        detail: { name: "x".repeat(300) },
      }),
    );
    expect(() => parseRepositoryName("X")).toThrow("lower-case");
    expect(() => parseRepositoryName("X".repeat(255))).toThrow("lower-case");
  });

  test("is judged in time linear in its length, whatever it is made of", () => {
    const nasty = [`${"a-".repeat(127)}!`, `${"a_".repeat(127)}_`, `${"-".repeat(254)}a`, "a".repeat(255)];
    const millis = cpuMillisOf(() => {
      for (let round = 0; round < 1_000; round += 1) for (const text of nasty) asRepositoryName(text);
    });
    expect(millis).toBeLessThan(2_000);
  });
});

describe("a reference", () => {
  test("is a digest where it spells one, and else a tag", () => {
    fc.assert(
      fc.property(digests, tags, (digest, tag) => {
        expect(asReference(digest)).toEqual({ kind: "digest", digest });
        expect(asReference(tag)).toEqual({ kind: "tag", tag });
      }),
    );
  });

  test("is a tag of at most 128 characters", () => {
    expect(asTag("t".repeat(128))).toBe("t".repeat(128));
    expect(asTag("t".repeat(129))).toBeUndefined();
  });

  test("may look like a property of every object", () => {
    for (const tag of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(asReference(tag)).toEqual({ kind: "tag", tag });
    }
  });

  test.each([
    "",
    ".INVALID_MANIFEST_NAME",
    "-latest",
    "la test",
    "latest\n",
    "a/b",
    "a:b",
    "a+b",
    "a%2Bb",
    "a\0",
    "é",
    "sha256:totallywrong",
    `sha256:${"A".repeat(64)}`,
    "@",
  ])("is not %j", (text) => {
    expect(asReference(text)).toBeUndefined();
  });
});

describe("a registry name", () => {
  test("has 5 to 50 lower-case letters and digits", () => {
    fc.assert(
      fc.property(registryNames, (name) => {
        expect(asRegistryName(name)).toBe(name);
      }),
    );
    expect(asRegistryName("a".repeat(5))).toBe("a".repeat(5));
    expect(asRegistryName("9".repeat(50))).toBe("9".repeat(50));
    for (const text of [
      "",
      "abcd",
      "a".repeat(51),
      "Local",
      "lo-cal",
      "local\n",
      "lo.cal",
      "loc al",
      "lócal",
    ]) {
      expect(asRegistryName(text)).toBeUndefined();
    }
  });
});
