import { afterAll, beforeAll, test } from "vitest";
import { ensureRegistry } from "../../shared/catalog/registries.ts";
import { asRegistryName } from "../../shared/domain/name.ts";
import { bytes, imageManifest, sha256 } from "./harness/content.ts";
import { type MemoryRegistry, openMemoryRegistry } from "./harness/memory-registry.ts";
import { blobIsAbsent, blobIsThere, pushBlob, pushConfig, pushManifest } from "./harness/rows.ts";
import { type Row, runRows } from "./harness/table.ts";

const content = bytes(1000, 8);
const digest = sha256(content);

let registry: MemoryRegistry;
beforeAll(async () => {
  registry = await openMemoryRegistry();
  const name = asRegistryName("second");
  if (name === undefined) throw new Error("not a registry's name");
  await ensureRegistry(registry.service.ports, name, { sparseManifests: false });
});
afterAll(async () => {
  await registry.close();
});

function onSecond(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row, headers: { ...row.headers, host: "second.localhost" } }));
}

test("two registries share nothing but the server", async () => {
  await runRows(registry, [
    ...onSecond([pushConfig(), pushBlob(content), pushManifest("v1", imageManifest())]),
    ...blobIsAbsent(digest),
    { call: "GET /v2/{repo}/manifests/v1", status: 404, code: "MANIFEST_UNKNOWN" },
    { call: "GET /v2/{repo}/tags/list", status: 404, code: "NAME_UNKNOWN" },
    { call: "GET /v2/_catalog", status: 200, json: { repositories: [] } },
    ...onSecond([
      ...blobIsThere(content),
      { call: "GET /v2/_catalog", status: 200, json: { repositories: ["{repo}"] } },
    ]),
  ]);
});

test("a blob is not mounted from another registry, however it is asked for", async () => {
  const instead = (query: string): Row => ({
    call: `POST /v2/{repo}/x/blobs/uploads/?mount=${digest}${query}`,
    status: 202,
  });
  await runRows(registry, [
    ...onSecond([pushBlob(content)]),
    instead("&from={repo}"),
    instead(""),
    instead("&from=second/{repo}"),
    ...["local/{repo}", "second/{repo}"].map((from) => ({
      ...instead(`&from=${from}`),
      call: `POST /v2/local/{repo}/x/blobs/uploads/?mount=${digest}&from=${from}`,
      headers: { host: "registries.localhost" },
    })),
    ...blobIsAbsent(digest, "{repo}/x"),
  ]);
});

test("an upload's URL works in its own registry only", async () => {
  await runRows(registry, [
    { call: "POST /v2/{repo}/blobs/uploads/", status: 202, keep: { upload: "location" } },
    ...onSecond([
      { call: "GET {upload}", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      { call: "PATCH {upload}", body: content, status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      { call: `PUT {upload}?digest=${digest}`, body: content, status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
    ]),
    { call: `PUT {upload}?digest=${digest}`, body: content, status: 201 },
  ]);
});

test("an upload's URL works for a week and no longer", async () => {
  let now = Date.now();
  const aging = await openMemoryRegistry({ now: () => now });
  const millis = 7 * 24 * 60 * 60 * 1000;
  const begun = await aging.send({
    method: "POST",
    target: "/v2/aging/blobs/uploads/",
    headers: {},
    body: undefined,
    streamed: false,
  });
  const upload = begun.headers["location"] ?? "";
  await runRows(aging, [{ call: `PATCH ${upload}`, body: content.subarray(0, 10), status: 202 }]);
  now += millis - 60_000;
  await runRows(aging, [
    { call: `GET ${upload}`, status: 204, answers: { range: "0-9" } },
    { call: `PATCH ${upload}`, body: content.subarray(10, 20), status: 202, answers: { range: "0-19" } },
  ]);
  now += 60_000;
  await runRows(aging, [
    { call: `GET ${upload}`, status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
    { call: `PATCH ${upload}`, body: content, status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
    {
      call: `PUT ${upload}?digest=${sha256(content.subarray(0, 20))}`,
      body: "",
      status: 404,
      code: "BLOB_UPLOAD_UNKNOWN",
    },
  ]);
  await aging.close();
});

test("a store that gives URLs is answered by a redirect for GET alone", async () => {
  const signing = await openMemoryRegistry({ sign: (place) => `https://store.example/${place.name}?sig=s` });
  await runRows(signing, [
    pushBlob(content),
    {
      call: `GET /v2/{repo}/blobs/${digest}`,
      headers: { range: "bytes=500-" },
      status: 307,
      answers: {
        location: /^https:\/\/store\.example\/u\/.*\?sig=s$/,
        "cache-control": "no-store",
        "content-length": "0",
        "content-type": null,
        "docker-content-digest": digest,
      },
    },
    { call: `HEAD /v2/{repo}/blobs/${digest}`, status: 200, answers: { "content-length": "1000" } },
    // What Blob Storage would answer with everything, or with an error.
    ...[
      { range: "bytes=-500", status: 206, answers: { "content-range": "bytes 500-999/1000" } },
      { range: "bytes=0-1,8-9", status: 206 },
      { range: "bytes=5000-", status: 416, answers: { "content-range": "bytes */1000" } },
      { range: "bytes=9-1", status: 416 },
      { range: "lines=1-2", status: 200 },
    ].map(({ range, ...expected }) => ({
      call: `GET /v2/{repo}/blobs/${digest}`,
      headers: { range },
      ...expected,
    })),
    {
      call: `GET /v2/{repo}/blobs/${digest}`,
      headers: { range: "bytes=500-", "if-range": `"${digest}"` },
      status: 206,
    },
    { call: `GET /v2/{repo}/blobs/${digest}`, headers: { "if-match": `"${digest}"` }, status: 200 },
    { call: `GET /v2/{repo}/blobs/${digest}`, headers: { "if-none-match": `"${digest}"` }, status: 304 },
    { call: `GET /v2/{other}/blobs/${digest}`, status: 404, code: "BLOB_UNKNOWN" },
  ]);
  await signing.close();
});
