import { expect } from "vitest";
import { absentDigest, imageManifest, sha256 } from "../harness/content.ts";
import { manifestIsThere, pushConfig, pushManifest } from "../harness/rows.ts";
import { type Case, type Row, runTable } from "../harness/table.ts";

const image = imageManifest();
const digest = sha256(image);
const second = imageManifest([], { annotations: { second: "yes" } });
const large = imageManifest([], { annotations: { large: "x".repeat(40_000) } });
const pushed: readonly Row[] = [
  pushConfig(),
  pushManifest("v1", image),
  pushManifest("latest", image),
  pushManifest("v2", second),
];
const everything = { deleteEnabled: true, writeEnabled: true, listEnabled: true, readEnabled: true };
const head = { registry: expect.any(String) as unknown, imageName: "{repo}" };
const time = expect.stringMatching(/^2.*Z$/) as unknown;

function item(name: string, content: string, attributes: Readonly<Record<string, boolean>> = {}): unknown {
  return {
    name,
    digest: sha256(content),
    createdTime: time,
    lastUpdateTime: time,
    signed: false,
    changeableAttributes: { ...everything, ...attributes },
  };
}

function tagsAre(query: string, ...tags: readonly unknown[]): Row {
  return {
    call: `GET /acr/v1/{repo}/_tags${query}`,
    status: 200,
    json: tags.length === 0 ? head : { ...head, tags },
  };
}

function malformed(query: string): Row {
  return { call: `GET /acr/v1/{repo}/_tags?${query}`, status: 400, code: "UNSUPPORTED" };
}

const unknownTag = { status: 404, code: "TAG_UNKNOWN" } as const;

const cases: readonly Case[] = [
  {
    name: "tags are listed by name with all that is known of them, or as they were made or last moved",
    rows: [
      ...pushed,
      tagsAre("", item("latest", image), item("v1", image), item("v2", second)),
      tagsAre("?orderby=", item("latest", image), item("v1", image), item("v2", second)),
      tagsAre("?orderby=none&n=1", item("latest", image)),
      tagsAre("?orderby=timeasc", item("v1", image), item("latest", image), item("v2", second)),
      tagsAre("?orderby=timedesc", item("v2", second), item("latest", image), item("v1", image)),
      pushManifest("v1", second),
      tagsAre("?orderby=timedesc&n=1", item("v1", second)),
    ],
  },
  {
    name: "tags of one manifest are listed alone",
    rows: [
      ...pushed,
      tagsAre(`?digest=${digest}`, item("latest", image), item("v1", image)),
      tagsAre(`?digest=${encodeURIComponent(digest)}&last=latest`, item("v1", image)),
      tagsAre(`?digest=${absentDigest}`),
      { call: "GET /acr/v1/{repo}/_tags?digest=v1", status: 400, code: "DIGEST_INVALID" },
    ],
  },
  {
    name: "pages of tags are linked, in each order",
    rows: [
      ...pushed,
      ...["none", "timeasc", "timedesc"].flatMap((order): Row[] => [
        {
          call: `GET /acr/v1/{repo}/_tags?n=2&orderby=${order}`,
          status: 200,
          answers: { link: /^<\/acr\/v1\/case-[^/]+\/_tags\?last=(v1|latest)&n=2&.*>; rel="next"$/ },
          keep: { next: ["link", /\/acr[^>]+/] },
        },
        {
          call: "GET {next}",
          status: 200,
          answers: { link: null },
          json: { ...head, tags: [order === "timedesc" ? item("v1", image) : item("v2", second)] },
        },
      ]),
      {
        call: `GET /acr/v1/{repo}/_tags?n=1&digest=${digest}`,
        status: 200,
        keep: { next: ["link", /\/acr[^>]+/] },
      },
      {
        call: "GET {next}",
        status: 200,
        json: { ...head, tags: [item("v1", image)] },
        answers: { link: null },
      },
      tagsAre("?n=0"),
    ],
  },
  {
    name: "a time order goes on behind a tag by its name, as long as that is there",
    rows: [
      ...pushed,
      tagsAre("?orderby=timedesc&last=latest", item("v1", image)),
      tagsAre("?orderby=timeasc&last=latest", item("v2", second)),
      {
        call: "GET /acr/v1/{repo}/_tags?orderby=timeasc&last=gone",
        status: 400,
        code: "PAGINATION_NUMBER_INVALID",
      },
      tagsAre("?last=m", item("v1", image), item("v2", second)),
    ],
  },
  {
    name: "what a list is asked for in no known way is refused",
    rows: [
      ...pushed,
      malformed("orderby=name"),
      malformed("orderby=TIMEDESC"),
      malformed("last=-x"),
      malformed("last=a%2Fb"),
      malformed("orderby=timeasc&last=v1&at=yesterday"),
      malformed("orderby=timeasc&last=v1&at=1234567890123456"),
      { call: "GET /acr/v1/{repo}/_tags?n=x", status: 400, code: "PAGINATION_NUMBER_INVALID" },
      {
        call: `GET /acr/v1/{repo}/_tags?last=${"a".repeat(1_025)}`,
        status: 400,
        code: "PAGINATION_NUMBER_INVALID",
      },
    ],
  },
  {
    name: "a tag is described, changed and deleted, and its manifest stays",
    rows: [
      ...pushed,
      { call: "GET /acr/v1/{repo}/_tags/v1", status: 200, json: { ...head, tag: item("v1", image) } },
      {
        call: "PATCH /acr/v1/{repo}/_tags/v1",
        body: '{"writeEnabled":false,"readEnabled":true}',
        status: 200,
        json: { ...head, tag: item("v1", image, { writeEnabled: false }) },
      },
      { call: "DELETE /acr/v1/{repo}/_tags/v1", status: 405, code: "UNSUPPORTED" },
      {
        call: "PUT /v2/{repo}/manifests/v1",
        headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
        body: second,
        status: 403,
        code: "DENIED",
      },
      { call: "PATCH /acr/v1/{repo}/_tags/v1", body: '{"writeEnabled":true}', status: 200 },
      { call: "DELETE /acr/v1/{repo}/_tags/v1", status: 202, bytes: "", answers: { "content-length": "0" } },
      { call: "DELETE /acr/v1/{repo}/_tags/v1", ...unknownTag },
      tagsAre("", item("latest", image), item("v2", second)),
      ...manifestIsThere(digest, image),
    ],
  },
  {
    name: "a tag that is not there is neither described, nor changed, nor deleted",
    rows: [
      ...pushed,
      ...["gone", "-x", "a".repeat(129), "a%2Fb", "%00"].flatMap((tag): Row[] => [
        { call: `GET /acr/v1/{repo}/_tags/${tag}`, ...unknownTag },
        { call: `PATCH /acr/v1/{repo}/_tags/${tag}`, body: "{}", ...unknownTag },
        { call: `DELETE /acr/v1/{repo}/_tags/${tag}`, ...unknownTag },
      ]),
      { call: "GET /acr/v1/{other}/_tags/v1", status: 404, code: "NAME_UNKNOWN" },
      { call: "PATCH /acr/v1/{other}/_tags/v1", body: "{}", status: 404, code: "NAME_UNKNOWN" },
      { call: "DELETE /acr/v1/{other}/_tags/v1", status: 404, code: "NAME_UNKNOWN" },
    ],
  },
  {
    name: "a tag is hidden from lists, and refused to readers, by its attributes",
    rows: [
      ...pushed,
      { call: "PATCH /acr/v1/{repo}/_tags/v1", body: '{"listEnabled":false}', status: 200 },
      tagsAre("", item("latest", image), item("v2", second)),
      tagsAre("?orderby=timeasc", item("latest", image), item("v2", second)),
      tagsAre(`?digest=${digest}`, item("latest", image)),
      ...manifestIsThere("v1", image),
      // A page that is empty would be taken for the last.
      { call: "PATCH /acr/v1/{repo}/_tags/latest", body: '{"listEnabled":false}', status: 200 },
      tagsAre("?n=1", item("v2", second)),
      tagsAre("?n=1&orderby=timeasc", item("v2", second)),
      { call: "PATCH /acr/v1/{repo}/_tags/v1", body: '{"readEnabled":false}', status: 200 },
      { call: "GET /v2/{repo}/manifests/v1", status: 403, code: "DENIED" },
      ...manifestIsThere("latest", image),
    ],
  },
  {
    name: "a tag is pointed at a manifest without pushing that again, however large it is",
    rows: [
      ...pushed,
      pushManifest(sha256(large), large),
      {
        call: "PUT /acr/v1/{repo}/_tags/stable",
        body: `{"digest":"${sha256(large)}"}`,
        status: 200,
        json: { ...head, tag: item("stable", large) },
      },
      {
        call: "PUT /acr/v1/{repo}/_tags/stable",
        body: `{"digest":"${digest}"}`,
        status: 200,
        json: { ...head, tag: item("stable", image) },
      },
      ...manifestIsThere("stable", image),
      {
        call: "PUT /acr/v1/{repo}/_tags/stable",
        body: `{"digest":"${absentDigest}"}`,
        status: 404,
        code: "MANIFEST_UNKNOWN",
      },
      ...["{}", '{"digest":"v1"}', `{"digest":"${digest}","tag":"x"}`, "[]", '{"digest":1}'].map(
        (body): Row => ({ call: "PUT /acr/v1/{repo}/_tags/stable", body, status: 400, code: "UNSUPPORTED" }),
      ),
      {
        call: "PUT /acr/v1/{repo}/_tags/-x",
        body: `{"digest":"${digest}"}`,
        status: 400,
        code: "UNSUPPORTED",
      },
    ],
  },
];

runTable(cases);
