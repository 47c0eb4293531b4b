import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextLink, parsePage } from "../../../shared/http/paginate.ts";
import { tags } from "../arbitraries.ts";

const page = (query: string) => parsePage(new URLSearchParams(query));
const refused = expect.objectContaining({ code: "PAGINATION_NUMBER_INVALID", status: 400 });

describe("a page", () => {
  test.each([
    ["", { limit: 1000, last: undefined }],
    ["n=0", { limit: 0, last: undefined }],
    ["n=5", { limit: 5, last: undefined }],
    ["n=007", { limit: 7, last: undefined }],
    ["n=1000", { limit: 1000, last: undefined }],
    ["n=1001", { limit: 1000, last: undefined }],
    ["n=2147483647", { limit: 1000, last: undefined }],
    ["n=9007199254740993", { limit: 1000, last: undefined }],
    [`n=${"9".repeat(400)}`, { limit: 1000, last: undefined }],
    ["n=5&n=6", { limit: 5, last: undefined }],
    ["last=v1", { limit: 1000, last: "v1" }],
    ["last=", { limit: 1000, last: undefined }],
    ["n=5&last=a%2Fb", { limit: 5, last: "a/b" }],
    ["n=5&last=__proto__", { limit: 5, last: "__proto__" }],
    ["last=~", { limit: 1000, last: "~" }],
    [`last=${"a".repeat(1024)}`, { limit: 1000, last: "a".repeat(1024) }],
  ])("that is asked for with %j", (query, wanted) => {
    expect(page(query)).toEqual(wanted);
  });

  test.each([
    "n=",
    "n=-1",
    "n=%2B1",
    "n=+1",
    "n=1.5",
    "n=1e3",
    "n=0x10",
    "n=ten",
    "n=NaN",
    "n=Infinity",
    "n=1%0A",
    "n=%00",
    "n=1,000",
    "n=٣",
    "n=1&last=%0A",
    "last=%00",
    "last=a%20b",
    "last=a+b",
    "last=%C3%A9",
    "last=%ED%A0%80",
    `last=${"a".repeat(1025)}`,
  ])("that cannot be asked for with %j", (query) => {
    expect(() => page(query)).toThrow(refused);
  });

  test("is refused with a part of what was asked, however long that was", () => {
    expect(() => page(`n=${"x".repeat(100_000)}`)).toThrow(
      expect.objectContaining({ detail: { n: "x".repeat(40) } }),
    );
  });
});

describe("the link to the next page", () => {
  test("is relative, and leads to what was meant", () => {
    expect(nextLink("/v2/a/tags/list", { n: "2", last: "v1" })).toBe(
      '</v2/a/tags/list?n=2&last=v1>; rel="next"',
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), tags, (n, last) => {
        const link = nextLink("/v2/a/tags/list", { n: String(n), last });
        const target = /^<([^<>]*)>; rel="next"$/.exec(link)?.[1] ?? "";
        const [path, query = ""] = target.split("?");
        expect(path).toBe("/v2/a/tags/list");
        expect(page(query)).toEqual({ limit: n, last });
      }),
    );
  });

  test("leaves out what is not known, and lets nothing break out of it", () => {
    expect(nextLink("/p", { artifactType: undefined, n: "1" })).toBe('</p?n=1>; rel="next"');
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (artifactType) => {
        const link = nextLink("/p", { artifactType });
        expect(link).toMatch(/^<\/p\?artifactType=[\x21-\x3b\x3d\x3f-\x7e]*>; rel="next"$/);
        const query = new URLSearchParams(link.slice(link.indexOf("?") + 1, link.indexOf(">")));
        expect(query.get("artifactType")).toBe(artifactType.toWellFormed());
      }),
    );
  });
});
