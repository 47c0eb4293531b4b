import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acrMethods, formatAcrPath } from "../../../shared/http/acr/route.ts";
import { parseRoute } from "../../../shared/http/route.ts";
import { digests, repositoryNames, tags, troublemakers } from "../arbitraries.ts";
import { cpuMillisOf } from "../cpu-time.ts";

/** What is there, and what was deleted, under the same words. */
const views = [
  ["", "acr-"],
  ["_deleted/", "acr-deleted-"],
] as const;

describe("a route of the data-plane API", () => {
  test("is what its path was formatted from, with the name's slashes encoded or not", () => {
    fc.assert(
      fc.property(
        repositoryNames,
        tags,
        digests,
        fc.constantFrom(...views),
        fc.boolean(),
        (name, tag, digest, [view, prefix], encoded) => {
          const path = (...parts: readonly string[]) =>
            encoded
              ? formatAcrPath(...(view === "" ? [] : ["_deleted"]), name, ...parts)
              : `/acr/v1/${view}${[name, ...parts].join("/")}`;
          expect(parseRoute(path())).toEqual({ kind: `${prefix}repository`, name });
          expect(parseRoute(path("_tags"))).toEqual({ kind: `${prefix}tags`, name });
          expect(parseRoute(path("_tags", tag))).toEqual({ kind: `${prefix}tag`, name, tag });
          expect(parseRoute(path("_manifests"))).toEqual({ kind: `${prefix}manifests`, name });
          expect(parseRoute(path("_manifests", digest))).toEqual({ kind: `${prefix}manifest`, name, digest });
        },
      ),
    );
  });

  test.each([
    ["/acr/v1/_catalog", { kind: "acr-catalog" }],
    ["/acr/v1/_deleted/_catalog", { kind: "acr-deleted-catalog" }],
    ["/acr/v1/a/_tags/_tags", { kind: "acr-tag", name: "a", tag: "_tags" }],
    ["/acr/v1/a/_tags/_manifests", { kind: "acr-tag", name: "a", tag: "_manifests" }],
    ["/acr/v1/a/_manifests/_tags", { kind: "acr-manifest", name: "a", digest: "_tags" }],
    ["/acr/v1/_deleted/a/_tags/_catalog", { kind: "acr-deleted-tag", name: "a", tag: "_catalog" }],
    ["/acr/v1/tags/manifests", { kind: "acr-repository", name: "tags/manifests" }],
    ["/acr/v1/a%252Fb", { kind: "acr-repository", name: "a%2Fb" }],
    ["/acr/v1/%5Fcatalog", { kind: "acr-repository", name: "_catalog" }],
    ["/acr/v1/a%2F_tags", { kind: "acr-repository", name: "a/_tags" }],
    ["/acr/v1/a/_tags/b%2Fc", { kind: "acr-tag", name: "a", tag: "b/c" }],
  ])("of %s", (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  test.each([
    "/acr/v1",
    "/acr/v1/",
    "/acr/v1//",
    "/acr/v1/_catalog/",
    "/acr/v1/_deleted",
    "/acr/v1/_deleted/",
    "/acr/v1/_deleted/_catalog/",
    "/acr/v1/_deleted/_deleted/a",
    "/acr/v1/_tags",
    "/acr/v1/_tags/x",
    "/acr/v1/a/",
    "/acr/v1//a",
    "/acr/v1/a/_tags/",
    "/acr/v1/a/_Tags",
    "/acr/v1/a//_tags",
    "/acr/v1/a/_tags/x/y",
    "/acr/v1/a/_metadata",
    "/acr/v1/a/_tags/x/_metadata",
    "/ACR/v1/a",
    "/acr/v2/a",
    "acr/v1/a",
  ])("of %j is none", (path) => {
    expect(parseRoute(path)).toBeUndefined();
  });

  test("is found or not, and never an error, whatever the path holds", () => {
    const words = fc.constantFrom("_deleted", "_tags", "_manifests", "_catalog", "a", ...troublemakers);
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 6 }), (segments) => {
        const route = parseRoute(`/acr/v1/${segments.join("/")}`);
        expect(route === undefined || route.kind in acrMethods).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("is found in time linear in the path's length", () => {
    const millis = cpuMillisOf(() => {
      for (const unit of ["/", "%", "%2F", "/_tags", "/_manifests/a", "a"]) {
        parseRoute(`/acr/v1/a${unit.repeat(300_000)}/_tags`);
      }
    });
    expect(millis).toBeLessThan(2_000);
  });
});
