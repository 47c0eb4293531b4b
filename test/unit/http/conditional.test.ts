import fc from "fast-check";
import { expect, test } from "vitest";
import { entityTag, matchesEntityTag, notModified } from "../../../shared/http/conditional.ts";
import { digests } from "../arbitraries.ts";

test("what a client knows is compared with the digest, weakly, one by one", () => {
  fc.assert(
    fc.property(digests, digests, (digest, other) => {
      fc.pre(digest !== other);
      const tag = entityTag(digest);
      for (const header of [
        tag,
        `W/${tag}`,
        "*",
        ` ${tag} `,
        `"x", ${tag}`,
        `${entityTag(other)},W/${tag}`,
      ]) {
        expect(matchesEntityTag(header, tag)).toBe(true);
      }
      for (const header of [
        "",
        digest,
        entityTag(other),
        `w/${tag}`,
        tag.toUpperCase(),
        `"x"`,
        "**",
        tag.slice(1),
      ]) {
        expect(matchesEntityTag(header, tag)).toBe(false);
      }
    }),
  );
});

test("a reply without body tells nothing of the body's length and type", () => {
  const headers = {
    "content-length": "5",
    "content-type": "text/plain",
    etag: '"x"',
    "cache-control": "no-cache",
  };
  expect(notModified(headers)).toEqual({
    status: 304,
    headers: { etag: '"x"', "cache-control": "no-cache" },
  });
});
