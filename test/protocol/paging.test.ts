import { describe, expect, test } from "vitest";
import { openBuiltRegistry } from "./harness/built-registry.ts";
import { imageManifest, sha256 } from "./harness/content.ts";
import { openMemoryRegistry } from "./harness/memory-registry.ts";
import type { Registry } from "./harness/registry.ts";
import { pushConfig, pushManifest } from "./harness/rows.ts";
import { type Case, type Row, runRows, runTable } from "./harness/table.ts";

const image = imageManifest();
const names = ["0", "1", "10", "2", "A", "B", "Z", "_", "a", "b", "v1.0", "v1.0-rc", "z"];

function page(query: string, tags: readonly string[], next?: string): Row {
  return {
    call: `GET /v2/{repo}/tags/list${query}`,
    status: 200,
    json: { name: "{repo}", tags },
    answers: {
      "content-type": "application/json",
      link: next === undefined ? null : `</v2/{repo}/tags/list?${next}>; rel="next"`,
    },
  };
}

const pushed: readonly Row[] = [pushConfig(), ...[...names].reverse().map((tag) => pushManifest(tag, image))];

const absurdNumbers: readonly string[] = [
  "-1",
  "+1",
  "%2B1",
  "1.5",
  "1e3",
  "0x10",
  "ten",
  "",
  "%20",
  "1%00",
  "1%0A",
  "NaN",
  "Infinity",
  "1,2",
  "%D9%A1",
];
const absurdLasts: readonly string[] = ["%00", "a%0Ab", "%C3%A9", "%20", "a%20b", "x".repeat(1025), "%7F"];

function refusedPages(path: string): Row[] {
  const queries = [
    ...absurdNumbers.map((n) => `n=${n}`),
    ...absurdLasts.map((last) => `last=${last}`),
    "n=-1&n=1",
  ];
  return queries.map((query) => ({
    call: `GET ${path}?${query}`,
    status: 400,
    code: "PAGINATION_NUMBER_INVALID",
  }));
}

const cases: readonly Case[] = [
  {
    name: "tags are in ASCII order, and without n all come at once",
    rows: [
      ...pushed,
      page("", names),
      page("?last=", names),
      page("?last=b", ["v1.0", "v1.0-rc", "z"]),
      page("?last=aa", ["b", "v1.0", "v1.0-rc", "z"]),
      page("?last=z", []),
      page("?last=zzz", []),
      page("?last=!", names),
      page("?last=~", []),
      page("?last=t:b", ["v1.0", "v1.0-rc", "z"]),
      { call: "HEAD /v2/{repo}/tags/list", status: 200, answers: { "content-type": "application/json" } },
    ],
  },
  {
    name: "n is how many come, and a link leads on only if there are more",
    rows: [
      ...pushed,
      page("?n=3", ["0", "1", "10"], "n=3&last=10"),
      page("?n=3&last=10", ["2", "A", "B"], "n=3&last=B"),
      page("?last=Z&n=3", ["_", "a", "b"], "n=3&last=b"),
      page("?last=b&n=3", ["v1.0", "v1.0-rc", "z"]),
      page("?n=12", names.slice(0, 12), "n=12&last=v1.0-rc"),
      page("?n=13", names),
      page("?n=14", names),
      page("?n=1000", names),
      page("?n=1001", names),
      page("?n=99999999999999999999999999", names),
      page("?n=007", names.slice(0, 7), "n=7&last=Z"),
    ],
  },
  {
    name: "n=0 is an empty page without a link",
    rows: [
      ...pushed,
      page("?n=0", []),
      page("?n=0&last=a", []),
      page("?n=00", []),
      { call: "GET /v2/_catalog?n=0", status: 200, json: { repositories: [] }, answers: { link: null } },
      { call: "GET /v2/{other}/tags/list?n=0", status: 404, code: "NAME_UNKNOWN" },
    ],
  },
  {
    name: "an absurd page is refused",
    rows: [
      ...pushed,
      ...refusedPages("/v2/{repo}/tags/list"),
      ...refusedPages("/v2/_catalog"),
      ...refusedPages(`/v2/{repo}/referrers/${sha256(image)}`),
    ],
  },
  {
    name: "a last tag that was deleted still leads on",
    rows: [
      ...pushed,
      { call: "DELETE /v2/{repo}/manifests/10", status: 202 },
      page("?n=2&last=10", ["2", "A"], "n=2&last=A"),
    ],
  },
  {
    name: "an unknown repository has no tags, and one without tags an empty list",
    rows: [
      { call: "GET /v2/{repo}/tags/list", status: 404, code: "NAME_UNKNOWN" },
      { call: "HEAD /v2/{repo}/tags/list", status: 404 },
      { call: "POST /v2/{repo}/blobs/uploads/", status: 202 },
      { call: "GET /v2/{repo}/tags/list", status: 404, code: "NAME_UNKNOWN" },
      pushConfig(),
      page("", []),
      pushManifest(sha256(image), image),
      page("", []),
    ],
  },
];

runTable(cases);

/** Follows the links to the end. */
async function pagesOf(registry: Registry, target: string, list: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let next: string | undefined = target; next !== undefined; ) {
    const { status, body, headers } = await registry.send({
      method: "GET",
      target: next,
      headers: {},
      body: undefined,
      streamed: false,
    });
    expect(status).toBe(200);
    pages.push((JSON.parse(body.toString()) as Record<string, string[]>)[list] ?? []);
    next = /^<(\/v2\/[^>]+)>; rel="next"$/.exec(headers["link"] ?? "")?.[1];
  }
  return pages;
}

describe.each([
  ["the built registry", openBuiltRegistry],
  ["serve on the memory ports", openMemoryRegistry],
] as const)("%s", (_, open) => {
  test("the catalog names every repository with a manifest once, in order, across pages", async () => {
    const registry = await open();
    const repositories = ["a", "a-b", "a.b", "a/b", "a0", "a_b", "ab", "b/c/d", "z"];
    await runRows(registry, [
      pushConfig("only-blobs"),
      ...[...repositories]
        .reverse()
        .flatMap((name) => [pushConfig(name), pushManifest("v1", image, undefined, name)]),
    ]);
    const sorted = [...repositories].sort();
    expect(await pagesOf(registry, "/v2/_catalog", "repositories")).toEqual([sorted]);
    for (const n of [1, 2, 4, 8, 9, 10]) {
      const pages = await pagesOf(registry, `/v2/_catalog?n=${n}`, "repositories");
      expect(pages.flat()).toEqual(sorted);
      expect(pages).toHaveLength(Math.ceil(repositories.length / n));
    }
    await runRows(registry, [
      { call: "GET /v2/_catalog?last=a.b", status: 200, json: { repositories: sorted.slice(3) } },
      { call: "GET /v2/_catalog?last=a/b&n=1", status: 200, json: { repositories: ["a0"] } },
      { call: "GET /v2/_catalog?last=a%2Fb", status: 200, json: { repositories: sorted.slice(4) } },
      { call: "GET /v2/_catalog?last=UPPER", status: 200 },
    ]);
    await registry.close();
  });

  test("more tags than a page holds are given in pages of 1,000 to whoever follows the links", async () => {
    const registry = await open();
    const tags = Array.from({ length: 1_010 }, (_, index) => `t${String(index).padStart(4, "0")}`);
    const groups = Array.from({ length: Math.ceil(tags.length / 20) }, (_, index) =>
      tags.slice(index * 20, index * 20 + 20).map((tag) => `tag=${tag}`),
    );
    await runRows(registry, [
      pushConfig("many"),
      ...groups.map(
        (group): Row => ({
          ...pushManifest(`${sha256(image)}?${group.join("&")}`, image, undefined, "many"),
          answers: {},
        }),
      ),
    ]);
    for (const query of ["", "?n=5000"]) {
      const pages = await pagesOf(registry, `/v2/many/tags/list${query}`, "tags");
      expect(pages.map((page) => page.length)).toEqual([1000, 10]);
      expect(pages.flat()).toEqual(tags);
    }
    expect((await pagesOf(registry, "/v2/many/tags/list?n=101", "tags")).flat()).toEqual(tags);
    await registry.close();
  });
});
