import { afterAll, beforeAll, test } from "vitest";
import { bytes, imageManifest, sha256 } from "../harness/content.ts";
import { type MemoryRegistry, openMemoryRegistry } from "../harness/memory-registry.ts";
import { blobIsThere, pushBlob, pushConfig, pushManifest } from "../harness/rows.ts";
import { type Row, runRows } from "../harness/table.ts";

const scope = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan";
const second = `${scope}/providers/Microsoft.ContainerRegistry/registries/second?api-version=2025-04-01`;
const content = bytes(1000, 8);

let registry: MemoryRegistry;
beforeAll(async () => {
  registry = await openMemoryRegistry();
});
afterAll(async () => {
  await registry.close();
});

function onSecond(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row, headers: { ...row.headers, host: "second.localhost" } }));
}

const makeSecond: Row = {
  call: `PUT ${second}`,
  body: '{"location":"local","sku":{"name":"Basic"}}',
  status: 201,
};
const image = [pushConfig(), pushBlob(content), pushManifest("v1", imageManifest())];

test("a registry is deleted with all that is in it, and one that is made anew has nothing of it", async () => {
  await runRows(registry, [
    makeSecond,
    ...image,
    ...onSecond([...image, ...blobIsThere(content)]),
    { call: `GET ${second}`, status: 200 },
    { call: `DELETE ${second}`, status: 200 },
    { call: `GET ${second}`, status: 404, managementCode: "ResourceNotFound" },
    { call: `DELETE ${second}`, status: 204 },
    ...onSecond([{ call: "GET /v2/{repo}/manifests/v1", status: 404, code: "NAME_UNKNOWN" }]),
    // Of another registry nothing is touched.
    ...blobIsThere(content),
  ]);
  await runRows(registry, [
    makeSecond,
    { call: `GET ${second}`, status: 200 },
    ...onSecond([
      { call: "GET /v2/_catalog", status: 200, json: { repositories: [] } },
      { call: `HEAD /v2/{repo}/blobs/${sha256(content)}`, status: 404 },
    ]),
  ]);
});
