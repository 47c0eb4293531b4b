import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  algorithmOf,
  asDigest,
  asDigestAlgorithm,
  digestOf,
  parseDigest,
  shardOf,
} from "../../../shared/domain/digest.ts";
import { digests, troublemakers } from "../arbitraries.ts";

const sha256OfNothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

describe("a digest", () => {
  test("is parsed to itself, and formatted from its parts to itself", () => {
    fc.assert(
      fc.property(digests, (digest) => {
        expect(parseDigest(digest)).toBe(digest);
        expect(digestOf(algorithmOf(digest), digest.slice(7))).toBe(digest);
      }),
    );
  });

  test("is what node:crypto computes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom("sha256", "sha512"), (bytes, algorithm) => {
        const hex = createHash(algorithm).update(bytes).digest("hex");
        expect(asDigest(`${algorithm}:${hex}`)).toBe(digestOf(algorithm, hex));
      }),
    );
  });

  test("is in one of 256 shards, named by its first two digits", () => {
    expect(shardOf(parseDigest(sha256OfNothing))).toBe("e3");
    fc.assert(
      fc.property(digests, (digest) => {
        expect(shardOf(digest)).toMatch(/^[0-9a-f]{2}$/);
        expect(digest).toContain(`:${shardOf(digest)}`);
      }),
    );
  });

  test.each([
    "",
    "sha256",
    "sha256:",
    "sha256:totallywrong",
    "sha256:baddigeststring",
    sha256OfNothing.toUpperCase(),
    sha256OfNothing.replace("sha256", "SHA256"),
    sha256OfNothing.replace("e", "E"),
    sha256OfNothing.slice(0, -1),
    `${sha256OfNothing}0`,
    `${sha256OfNothing}\n`,
    `\n${sha256OfNothing}`,
    sha256OfNothing.replace(":", "%3A"),
    sha256OfNothing.replace("sha256", "sha512"),
    sha256OfNothing.replace("sha256", "md5"),
    sha256OfNothing.replace("sha256", "sha256+b64u"),
    sha256OfNothing.replace("0", "٠"),
    `${sha256OfNothing}@${sha256OfNothing}`,
    `sha384:${"0".repeat(96)}`,
  ])("is not %j", (text) => {
    expect(asDigest(text)).toBeUndefined();
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: "DIGEST_INVALID", status: 400 }));
  });

  test("is never longer or shorter by a stray character, wherever it stands", () => {
    fc.assert(
      fc.property(digests, fc.constantFrom(...troublemakers), fc.nat(), (digest, stray, at) => {
        fc.pre(stray !== "");
        const cut = at % (digest.length + 1);
        expect(asDigest(digest.slice(0, cut) + stray + digest.slice(cut))).toBeUndefined();
      }),
    );
  });

  test("that is refused is repeated to the client only in part, however long it was", () => {
    expect(() => parseDigest("x".repeat(1_000_000))).toThrow(
      expect.objectContaining({ detail: { digest: "x".repeat(200) } }),
    );
  });

  test("is never made of a hash of the wrong length", () => {
    expect(() => digestOf("sha512", "0".repeat(64))).toThrow("not a sha512 value");
    expect(() => digestOf("sha256", "")).toThrow("not a sha256 value");
  });
});

test("only the two algorithms that are computed can be asked for", () => {
  expect(asDigestAlgorithm("sha256")).toBe("sha256");
  expect(asDigestAlgorithm("sha512")).toBe("sha512");
  for (const text of [...troublemakers, "SHA256", "sha256 ", "sha384", "toString"]) {
    expect(asDigestAlgorithm(text)).toBeUndefined();
  }
});
