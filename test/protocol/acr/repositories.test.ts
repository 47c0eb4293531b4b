import { expect } from "vitest";
import { absentDigest, imageManifest, sha256 } from "../harness/content.ts";
import { manifestIsAbsent, pushConfig, pushManifest } from "../harness/rows.ts";
import { type Case, type Row, runTable } from "../harness/table.ts";

const image = imageManifest();
const second = imageManifest([], { annotations: { second: "yes" } });
const pushed: readonly Row[] = [pushConfig(), pushManifest("v1", image), pushManifest("v2", second)];
const time = expect.stringMatching(/^2\d{3}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/) as unknown;
const everything = { deleteEnabled: true, writeEnabled: true, listEnabled: true, readEnabled: true };
const gone: readonly Row[] = [
  { call: "GET /acr/v1/{repo}", status: 404, code: "NAME_UNKNOWN" },
  { call: "GET /acr/v1/{repo}/_tags", status: 404, code: "NAME_UNKNOWN" },
  { call: "GET /acr/v1/{repo}/_manifests", status: 404, code: "NAME_UNKNOWN" },
  { call: "GET /v2/{repo}/tags/list", status: 404, code: "NAME_UNKNOWN" },
  ...manifestIsAbsent("v1"),
];

/** The repository's own answer; its figures follow behind. */
function repositoryIs(attributes: Readonly<Record<string, boolean>>): unknown {
  return {
    registry: expect.stringMatching(/^(localhost|127\.0\.0\.1:\d+)$/) as unknown,
    imageName: "{repo}",
    createdTime: time,
    lastUpdateTime: time,
    manifestCount: expect.any(Number) as unknown,
    tagCount: expect.any(Number) as unknown,
    changeableAttributes: attributes,
  };
}

const cases: readonly Case[] = [
  {
    name: "a repository is described, under whichever version of the API",
    rows: [
      ...pushed,
      { call: "GET /acr/v1/{repo}", status: 200, json: repositoryIs(everything) },
      { call: "GET /acr/v1/{repo}?api-version=2021-07-01", status: 200, json: repositoryIs(everything) },
    ],
  },
  {
    name: "a repository that nothing was written to is not there",
    rows: [...gone, { call: "DELETE /acr/v1/{repo}", status: 404, code: "NAME_UNKNOWN" }],
  },
  {
    name: "a name that is none is refused",
    rows: ["UPPER", "a..b", "a%2F_b", "%5Fa", "a%00", "a".repeat(256)].map((name) => ({
      call: `GET /acr/v1/${name}`,
      status: 400,
      code: "NAME_INVALID",
    })),
  },
  {
    name: "a deleted repository is gone at once, and the answer names what was in it",
    rows: [
      ...pushed,
      {
        call: "DELETE /acr/v1/{repo}",
        status: 202,
        json: { manifestsDeleted: [sha256(image), sha256(second)], tagsDeleted: ["v1", "v2"] },
      },
      ...gone,
      { call: "DELETE /acr/v1/{repo}", status: 404, code: "NAME_UNKNOWN" },
    ],
  },
  {
    name: "a deleted repository can be pushed to again, and has nothing of what was there",
    rows: [
      ...pushed,
      { call: "DELETE /acr/v1/{repo}", status: 202 },
      pushConfig(),
      pushManifest("v3", second),
      { call: "GET /v2/{repo}/tags/list", status: 200, json: { name: "{repo}", tags: ["v3"] } },
      { call: "GET /acr/v1/{repo}", status: 200, json: repositoryIs(everything) },
    ],
  },
  {
    name: "the attributes of a repository are changed one by one, and what is not named stays",
    rows: [
      ...pushed,
      {
        call: "PATCH /acr/v1/{repo}",
        body: '{"deleteEnabled":false}',
        status: 200,
        json: repositoryIs({ ...everything, deleteEnabled: false }),
      },
      {
        call: "PATCH /acr/v1/{repo}",
        body: '{"writeEnabled":false,"deleteEnabled":true}',
        status: 200,
        json: repositoryIs({ ...everything, writeEnabled: false }),
      },
      { call: "PATCH /acr/v1/{repo}", body: "{}", status: 200 },
      {
        call: "GET /acr/v1/{repo}",
        status: 200,
        json: repositoryIs({ ...everything, writeEnabled: false }),
      },
      { call: "DELETE /acr/v1/{repo}", status: 405, code: "UNSUPPORTED" },
    ],
  },
  {
    name: "attributes of a repository that is not there cannot be changed",
    rows: [{ call: "PATCH /acr/v1/{repo}", body: "{}", status: 404, code: "NAME_UNKNOWN" }],
  },
  {
    name: "a body that is no attributes is refused",
    rows: [
      ...pushed,
      ...[
        "",
        "no JSON",
        "null",
        "[]",
        "true",
        '{"deleteEnabled":"false"}',
        '{"deleteEnabled":null}',
        '{"quarantineState":"Passed"}',
        '{"__proto__":true}',
        new Uint8Array([0x7b, 0xff, 0x7d]),
      ].map((body): Row => ({ call: "PATCH /acr/v1/{repo}", body, status: 400, code: "UNSUPPORTED" })),
      {
        call: "PATCH /acr/v1/{repo}",
        body: `{${" ".repeat(256 * 1024)}}`,
        status: 413,
        code: "SIZE_INVALID",
      },
    ],
  },
  {
    name: "HEAD and methods that a route has not are refused with those that it has",
    rows: [
      ["/acr/v1/_catalog", "GET"],
      ["/acr/v1/{repo}", "GET, PATCH, DELETE"],
      ["/acr/v1/{repo}/_tags", "GET"],
      ["/acr/v1/{repo}/_tags/v1", "GET, PATCH, PUT, DELETE"],
      ["/acr/v1/{repo}/_manifests", "GET"],
      [`/acr/v1/{repo}/_manifests/${absentDigest}`, "GET, PATCH"],
    ].flatMap(([target = "", allow = ""]) => [
      { call: `HEAD ${target}`, status: 405, answers: { allow } },
      { call: `POST ${target}`, status: 405, code: "UNSUPPORTED", answers: { allow } },
    ]),
  },
  {
    name: "routes that the hosted service has and this one has not are told so",
    rows: ["{repo}/_metadata", "{repo}/_tags/v1/_metadata", "_metadata/_query", "{repo}/", ""].map(
      (path) => ({
        call: `GET /acr/v1/${path}`,
        status: 404,
        code: "UNSUPPORTED",
      }),
    ),
  },
];

runTable(cases, { throughLibrary: true });
