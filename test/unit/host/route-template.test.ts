import { describe, expect, test } from "vitest";
import { compileTemplate } from "../../../host/route-template.ts";

/** What ASP.NET's RoutePatternMatcher does with these. */
const rules: readonly [template: string, matching: readonly string[], others: readonly string[]][] = [
  ["v2", ["v2", "v2/", "V2"], ["", "v2//", "/v2", "v2/a", "v22", "v", "v2%2F"]],
  ["v2/_catalog", ["v2/_catalog", "v2/_catalog/", "V2/_CATALOG"], ["v2//_catalog", "v2/_catalog/a", "v2"]],
  ["/v2/", ["v2", "v2/"], ["", "v2/a"]],
  ["", ["", "/"], ["a"]],
  ["v2/{name}", ["v2/a", "v2/a/", "v2/%2F"], ["v2", "v2/", "v2//", "v2/a/b", "a/a"]],
  ["v2/{name}/tags", ["v2/a/tags", "v2/tags/TAGS/"], ["v2/tags", "v2//tags", "v2/a/b/tags"]],
  ["{*path}", ["", "a", "a/b", "a/", "a//b", "v2"], ["/a", "//"]],
  ["{**path}", ["", "a/b"], []],
  ["v2/{*path}", ["v2", "v2/", "v2/a", "v2/a/b/", "V2/a", "v2/a//b"], ["", "a", "v2//a", "v2a"]],
  [
    "v2/{*path:regex(^.+/tags/list$)}",
    ["v2/a/tags/list", "v2/a/b/TAGS/list", "v2/a//tags/list"],
    ["v2", "v2/tags/list", "v2/a/tags/list/", "v2//a/tags/list", "a/tags/list"],
  ],
  [
    "v2/{*path:regex(^.+/blobs/uploads/?$)}",
    ["v2/a/blobs/uploads", "v2/a/blobs/uploads/"],
    ["v2/a/blobs/uploads//", "v2/blobs/uploads", "v2/a/blobs/uploads/b"],
  ],
  ["a/{*x:regex(^b{{2}}$)}", ["a/bb"], ["a/b", "a/bbb", "a/b{2}", "a"]],
  ["a/{*x:regex(^$)}", ["a", "a/"], ["a/b"]],
];

describe.each(rules)("the route %j", (template, matching, others) => {
  const matches = compileTemplate(template);

  test.each(matching)("takes %j", (path) => {
    expect(matches(path)).toBe(true);
  });

  test.each(others)("leaves %j", (path) => {
    expect(matches(path)).toBe(false);
  });
});

test.each([
  "v2/{*name}/blobs",
  "v2/a{*name}",
  "v2/a{name}",
  "{name?}",
  "v2/{name:int}",
  "v2/*",
  "{*a}{*b}",
  "{*1}",
])("the route %j, which the runtime refuses or this host does not know, is refused", (template) => {
  expect(() => compileTemplate(template)).toThrow(/is not one that this host understands/);
});
