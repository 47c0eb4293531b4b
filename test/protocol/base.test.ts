import { expect } from "vitest";
import { absentDigest, bytes, imageManifest } from "./harness/content.ts";
import { blobIsAbsent, blobIsThere, pushBlob, pushConfig, pushManifest } from "./harness/rows.ts";
import { type Case, runTable } from "./harness/table.ts";

const someBlob = bytes(64, 1);

const baseCases: readonly Case[] = [
  {
    name: "the version check answers with and without its slash, by GET and by HEAD",
    rows: [
      { call: "GET /v2/", status: 200, json: {}, answers: { "content-type": "application/json" } },
      { call: "GET /v2", status: 200, json: {} },
      { call: "HEAD /v2/", status: 200, answers: { "content-length": "2" } },
      { call: "GET /v2/?ns=example.com", status: 200, json: {} },
    ],
  },
  {
    name: "health answers on every host",
    rows: [
      { call: "GET /healthz", status: 200, json: { status: "ok" } },
      { call: "HEAD /healthz", status: 200, answers: { "content-length": "15" } },
      {
        call: "GET /readyz",
        status: 200,
        json: expect.objectContaining({ status: "ready" }),
        answers: { "cache-control": "no-store" },
      },
      { call: "HEAD /readyz", status: 200 },
      { call: "POST /readyz", status: 405, code: "UNSUPPORTED", answers: { allow: "GET, HEAD" } },
      { call: "GET /healthz", headers: { host: "elsewhere.example" }, status: 200, json: { status: "ok" } },
    ],
  },
  {
    name: "a method that a route does not have is a 405 that names those it has",
    rows: [
      { call: "POST /v2/", status: 405, code: "UNSUPPORTED", answers: { allow: "GET, HEAD" } },
      { call: "DELETE /healthz", status: 405, code: "UNSUPPORTED", answers: { allow: "GET, HEAD" } },
      { call: "POST /v2/_catalog", status: 405, code: "UNSUPPORTED", answers: { allow: "GET, HEAD" } },
      { call: "PUT /v2/{repo}/tags/list", status: 405, code: "UNSUPPORTED", answers: { allow: "GET, HEAD" } },
      {
        call: "PATCH /v2/{repo}/manifests/v1",
        body: "{}",
        status: 405,
        code: "UNSUPPORTED",
        answers: { allow: "GET, HEAD, PUT, DELETE" },
      },
      {
        call: `PUT /v2/{repo}/blobs/${absentDigest}`,
        body: "x",
        status: 405,
        code: "UNSUPPORTED",
        answers: { allow: "GET, HEAD, DELETE" },
      },
      {
        call: "GET /v2/{repo}/blobs/uploads/",
        status: 405,
        code: "UNSUPPORTED",
        answers: { allow: "POST" },
      },
      { call: "GET /v2/{repo}/blobs/uploads", status: 405, code: "UNSUPPORTED", answers: { allow: "POST" } },
      {
        call: "POST /v2/{repo}/blobs/uploads/x",
        status: 405,
        code: "UNSUPPORTED",
        answers: { allow: "GET, PATCH, PUT, DELETE" },
      },
      {
        call: `DELETE /v2/{repo}/referrers/${absentDigest}`,
        status: 405,
        code: "UNSUPPORTED",
        answers: { allow: "GET, HEAD" },
      },
      { call: "OPTIONS /v2/{repo}/tags/list", status: 405, code: "UNSUPPORTED" },
    ],
  },
  {
    name: "what is no route is a 404 in the registry's error shape",
    rows: [
      { call: "GET /", status: 404, code: "UNSUPPORTED" },
      { call: "HEAD /", status: 404 },
      { call: "GET /v1/", status: 404, code: "UNSUPPORTED" },
      { call: "GET /V2/", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/{repo}", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/{repo}/Tags/list", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/{repo}/tags/list/", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/{repo}/tags/other", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/_oci/ext/discover", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/{repo}/_oci/ext/discover", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/manifests/v1", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/tags/list", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/../healthz", status: 404, code: "UNSUPPORTED" },
      { call: "PUT /anything", body: bytes(100_000), status: 404, code: "UNSUPPORTED" },
      { call: "OPTIONS *", status: 404, code: "UNSUPPORTED" },
      { call: "OPTIONS /", status: 404, code: "UNSUPPORTED" },
    ],
  },
  {
    name: "a repository may be called like the words of the API",
    rows: ["manifests", "blobs/uploads", "tags/list", "v2", "referrers/manifests/tags"].flatMap((name) => [
      pushConfig(`${name}/{repo}`),
      pushManifest("v1", imageManifest(), undefined, `${name}/{repo}`),
      {
        call: `GET /v2/${name}/{repo}/tags/list`,
        status: 200,
        json: { name: `${name}/{repo}`, tags: ["v1"] },
      },
      { call: `GET /v2/${name}/{repo}/manifests/v1`, status: 200, bytes: imageManifest() },
    ]),
  },
];

const sharedHost = { host: "registries.localhost:5000" };

const addressCases: readonly Case[] = [
  {
    name: "a registry is named by its host, with a region or without, or by the path on a shared host",
    rows: [
      pushBlob(someBlob),
      ...["local.localhost", "LOCAL.localhost:5000", "local--westeurope.localhost"].flatMap((host) =>
        blobIsThere(someBlob).map((row) => ({ ...row, headers: { host } })),
      ),
      ...blobIsThere(someBlob, "local/{repo}").map((row) => ({ ...row, headers: sharedHost })),
    ],
  },
  {
    name: "on a shared host every path and name that is given carries the registry",
    rows: [
      { ...pushConfig("local/{repo}"), headers: sharedHost },
      {
        ...pushManifest("v1", imageManifest(), undefined, "local/{repo}"),
        headers: { ...sharedHost, "content-type": "application/vnd.oci.image.manifest.v1+json" },
      },
      {
        call: "POST /v2/local/{repo}/blobs/uploads/",
        headers: sharedHost,
        status: 202,
        answers: { location: /^\/v2\/local\/case-/ },
        keep: { upload: "location" },
      },
      {
        call: "PATCH {upload}",
        headers: sharedHost,
        body: someBlob,
        status: 202,
        answers: { location: /^\/v2\/local\/case-/, range: "0-63" },
      },
      {
        call: "GET /v2/local/{repo}/tags/list?n=1",
        headers: sharedHost,
        status: 200,
        json: { name: "local/{repo}", tags: ["v1"] },
      },
      { call: "GET /v2/local/_catalog", headers: sharedHost, status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/", headers: sharedHost, status: 200, json: {} },
    ],
  },
  {
    name: "a path on a shared host that names no registry is a 404",
    rows: [
      { call: "GET /v2/absent/{repo}/tags/list", headers: sharedHost, status: 404, code: "NAME_UNKNOWN" },
      { call: "GET /v2/local/tags/list", headers: sharedHost, status: 404, code: "NAME_UNKNOWN" },
      { call: "GET /v2/_catalog", headers: sharedHost, status: 404, code: "NAME_UNKNOWN" },
      {
        call: `POST /v2/absent/{repo}/blobs/uploads/?digest=${absentDigest}`,
        headers: sharedHost,
        body: someBlob,
        status: 404,
        code: "NAME_UNKNOWN",
      },
    ],
  },
  {
    name: "an unknown host is a 404, whatever it is asked",
    rows: [
      "example.com",
      "absent.localhost",
      "a.b.localhost",
      "local.localhost.example.com",
      ".localhost",
      "local--.localhost",
      "--.localhost",
      "local@localhost",
      "localhost.",
      "[::1",
    ].flatMap((host) => [
      { call: "GET /v2/{repo}/tags/list", headers: { host }, status: 404, code: "NAME_UNKNOWN" as const },
      { call: "HEAD /v2/{repo}/manifests/v1", headers: { host }, status: 404 },
      {
        call: "POST /v2/{repo}/blobs/uploads/",
        headers: { host },
        body: someBlob,
        status: 404,
        code: "NAME_UNKNOWN" as const,
      },
    ]),
  },
  {
    name: "an absolute target's host counts, not the Host header",
    rows: [
      pushBlob(someBlob),
      ...blobIsThere(someBlob).map((row) => ({
        ...row,
        call: row.call.replace(" /", " http://local.localhost:80/"),
        headers: { host: "example.com" },
      })),
      ...blobIsAbsent(absentDigest).map((row) => ({
        ...row,
        call: row.call.replace(" /", " http://example.com/"),
        headers: { host: "localhost" },
        ...(row.code === undefined ? {} : { code: "NAME_UNKNOWN" as const }),
      })),
    ],
  },
];

runTable([...baseCases, ...addressCases]);
