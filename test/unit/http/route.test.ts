import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asRepositoryName } from "../../../shared/domain/name.ts";
import { formatPath, parseRoute, type Route, routeMethods } from "../../../shared/http/route.ts";
import { digests, repositoryNames, tags, troublemakers } from "../arbitraries.ts";
import { cpuMillisOf } from "../cpu-time.ts";

/** Repositories, among them those that are named with the words of the API. */
const names = fc.oneof(
  repositoryNames,
  fc
    .array(fc.constantFrom("v2", "blobs", "uploads", "manifests", "tags", "list", "referrers", "a"), {
      minLength: 1,
      maxLength: 5,
    })
    .map((words) => words.join("/")),
);
const tickets = fc.stringMatching(/^[A-Za-z0-9._-]{1,80}$/);

/** Every kind of route that has a name, with the path that addresses it. */
const routes: fc.Arbitrary<{ route: Route; path: string }> = fc
  .record({ name: names, digest: digests, tag: tags, ticket: tickets })
  .chain(({ name, digest, tag, ticket }) =>
    fc.constantFrom<{ route: Route; path: string }>(
      { route: { kind: "blob", name, digest }, path: formatPath(name, "blobs", digest) },
      { route: { kind: "upload-start", name }, path: formatPath(name, "blobs", "uploads", "") },
      { route: { kind: "upload", name, ticket }, path: formatPath(name, "blobs", "uploads", ticket) },
      { route: { kind: "manifest", name, reference: tag }, path: formatPath(name, "manifests", tag) },
      { route: { kind: "manifest", name, reference: digest }, path: formatPath(name, "manifests", digest) },
      { route: { kind: "tags", name }, path: formatPath(name, "tags", "list") },
      { route: { kind: "referrers", name, digest }, path: formatPath(name, "referrers", digest) },
    ),
  );

describe("a route", () => {
  test("is what its path was formatted from", () => {
    fc.assert(
      fc.property(routes, ({ route, path }) => {
        expect(parseRoute(path)).toEqual(route);
      }),
      { numRuns: 500 },
    );
  });

  test("is the same when slashes and colons inside its parts are percent-encoded, in either case", () => {
    fc.assert(
      fc.property(names, digests, fc.boolean(), (name, digest, upper) => {
        const encode = (text: string) => {
          const encoded = encodeURIComponent(text);
          return upper ? encoded : encoded.replace(/%../g, (escaped) => escaped.toLowerCase());
        };
        expect(parseRoute(`/v2/${encode(name)}/blobs/${encode(digest)}`)).toEqual({
          kind: "blob",
          name,
          digest,
        });
      }),
    );
  });

  test.each([
    ["/v2", { kind: "base" }],
    ["/v2/", { kind: "base" }],
    ["/v2/_catalog", { kind: "catalog" }],
    ["/healthz", { kind: "health" }],
    ["/readyz", { kind: "readiness" }],
    ["/v2/a/blobs/uploads", { kind: "upload-start", name: "a" }],
    ["/v2/a/blobs/uploads/", { kind: "upload-start", name: "a" }],
    ["/v2/a/blobs/uploads/x", { kind: "upload", name: "a", ticket: "x" }],
    ["/v2/a/blobs/", { kind: "blob", name: "a", digest: "" }],
    ["/v2/library%2Fhello/tags/list", { kind: "tags", name: "library/hello" }],
    ["/v2/library%252Fhello/tags/list", { kind: "tags", name: "library%2Fhello" }],
    ["/v2/a%0A/tags/list", { kind: "tags", name: "a\n" }],
    ["/v2/a%00/tags/list", { kind: "tags", name: "a\0" }],
    ["/v2/a/manifests/v1%0a", { kind: "manifest", name: "a", reference: "v1\n" }],
    ["/v2/%2e%2e/%2e%2e/manifests/x", { kind: "manifest", name: "../..", reference: "x" }],
    ["/v2/a/../b/manifests/x", { kind: "manifest", name: "a/../b", reference: "x" }],
    ["/v2/a%zz%2Fb/tags/list", { kind: "tags", name: "a%zz%2Fb" }],
    ["/v2/%c3%28/tags/list", { kind: "tags", name: "%c3%28" }],
    ["/v2/a/manifests/a%2Fb", { kind: "manifest", name: "a", reference: "a/b" }],
    ["/v2/blobs/uploads/manifests/x", { kind: "manifest", name: "blobs/uploads", reference: "x" }],
    ["/v2/a/blobs/blobs/uploads", { kind: "upload-start", name: "a/blobs" }],
    ["/v2/a//manifests/x", { kind: "manifest", name: "a/", reference: "x" }],
  ])("of %s", (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  test.each([
    "",
    "/",
    "v2/",
    "/v1/",
    "/V2/",
    "/v2/a",
    "/v2//",
    "/v2/_catalog/",
    "/v2/_Catalog",
    "/v2/_oci/ext/discover",
    "/healthz/",
    "/Healthz",
    "//v2/",
    "/v2/blobs/uploads/",
    "/v2//blobs/uploads/",
    "/v2//blobs/sha256:0",
    "/v2/manifests/x",
    "/v2//manifests/x",
    "/v2/tags/list",
    "/v2/a/tags",
    "/v2/a/tags/",
    "/v2/a/tags/List",
    "/v2/a/tags/list/",
    "/v2/a/Manifests/x",
    "/v2/a/blobs%2Fx",
    "/v2/a/blobs%2Fuploads/",
    "/v2/a%2Fblobs/uploads/x",
    "/v2/a/blobs/uploads/x/y",
    "/%762/a/manifests/x",
    "*",
  ])("of %j is none", (path) => {
    expect(parseRoute(path)).toBeUndefined();
  });

  test("never turns an encoded character into a name that is legal, but for slashes and what needed no escape", () => {
    const strays = troublemakers.filter(
      (text) => !["", "/", "%2F", "__proto__", "constructor"].includes(text),
    );
    fc.assert(
      fc.property(repositoryNames, fc.constantFrom(...strays), fc.nat(), (name, stray, at) => {
        const cut = at % (name.length + 1);
        const raw = name.slice(0, cut) + stray.toWellFormed() + name.slice(cut);
        for (const part of [raw.replaceAll("/", ""), encodeURIComponent(raw)]) {
          const route = parseRoute(`/v2/${part}/tags/list`);
          if (route !== undefined && "name" in route) expect(asRepositoryName(route.name)).toBeUndefined();
        }
      }),
    );
  });

  test("is found or not, and never an error, whatever the path holds", () => {
    const words = fc.constantFrom(
      "v2",
      "blobs",
      "uploads",
      "manifests",
      "tags",
      "list",
      "referrers",
      "_catalog",
      ...troublemakers,
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 8 }), (segments) => {
        const route = parseRoute(`/v2/${segments.join("/")}`);
        expect(route === undefined || route.kind in routeMethods).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("is found in time linear in the path's length", () => {
    const millis = cpuMillisOf(() => {
      for (const unit of ["/", "%", "%2F", "/blobs", "/blobs/uploads", "a"]) {
        parseRoute(`/v2/${unit.repeat(300_000)}/tags/list`);
      }
    });
    expect(millis).toBeLessThan(2_000);
  });
});
