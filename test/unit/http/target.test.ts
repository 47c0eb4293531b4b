import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitTarget } from "../../../shared/http/target.ts";

describe("a request target", () => {
  test.each([
    ["/v2/", { host: undefined, path: "/v2/", query: "" }],
    ["/v2/a/tags/list?n=5&last=x", { host: undefined, path: "/v2/a/tags/list", query: "n=5&last=x" }],
    ["/v2/?", { host: undefined, path: "/v2/", query: "" }],
    ["/v2/?a?b", { host: undefined, path: "/v2/", query: "a?b" }],
    ["/v2/a%2Fb/../c", { host: undefined, path: "/v2/a%2Fb/../c", query: "" }],
    ["//evil.example/v2/", { host: undefined, path: "//evil.example/v2/", query: "" }],
    ["/http://other/v2/", { host: undefined, path: "/http://other/v2/", query: "" }],
    ["http://h:5000/v2/?a", { host: "h:5000", path: "/v2/", query: "a" }],
    ["HTTPS://h/v2/", { host: "h", path: "/v2/", query: "" }],
    ["http://h", { host: "h", path: "/", query: "" }],
    ["http://h?x", { host: "h", path: "/", query: "x" }],
    ["http://u@h/v2/", { host: "u@h", path: "/v2/", query: "" }],
    ["http:///v2/", { host: "", path: "/v2/", query: "" }],
    ["*", { host: undefined, path: "*", query: "" }],
    ["", { host: undefined, path: "/", query: "" }],
  ])("is split and otherwise left alone: %j", (target, parts) => {
    expect(splitTarget(target)).toEqual(parts);
  });

  test("is the sum of its parts", () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (rest, query) => {
        const path = `/${rest.replaceAll("?", "")}`;
        const target = query === undefined ? path : `${path}?${query}`;
        expect(splitTarget(target)).toEqual({ host: undefined, path, query: query ?? "" });
        expect(splitTarget(`http://h:1${target}`)).toEqual({ host: "h:1", path, query: query ?? "" });
      }),
    );
  });
});
