import { afterAll, beforeAll, expect, test } from "vitest";
import { bytes, imageManifest, sha256 } from "../harness/content.ts";
import { type MemoryRegistry, openMemoryRegistry } from "../harness/memory-registry.ts";
import { pushBlob, pushConfig, pushManifest } from "../harness/rows.ts";
import { type Row, runRows } from "../harness/table.ts";

const group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan";
const content = bytes(1000, 8);
const digest = sha256(content);

let registry: MemoryRegistry;
beforeAll(async () => {
  registry = await openMemoryRegistry({
    setApart: new Set(["local.team1"]),
    sign: ({ account, container }) => `https://store.example/${account}/${container}`,
  });
});
afterAll(async () => {
  await registry.close();
});

/** Makes the registry, pushes to it in every way, and pulls a blob that has to lie in this account. */
function rowsOf(name: string, account: string): readonly Row[] {
  const path = `${group}/providers/Microsoft.ContainerRegistry/registries/${name}?api-version=2025-04-01`;
  const location = { location: new RegExp(`^https://store\\.example/${account}/`) };
  const onIt: Row[] = [
    pushConfig(),
    pushBlob(content),
    pushManifest("v1", imageManifest()),
    { call: `GET /v2/{repo}/blobs/${digest}`, status: 307, answers: location },
    { call: `POST /v2/{other}/blobs/uploads/?mount=${digest}&from={repo}`, status: 201 },
    { call: `GET /v2/{other}/blobs/${digest}`, status: 307, answers: location },
    {
      call: "POST /v2/{repo}/blobs/uploads/",
      status: 202,
      keep: { upload: "location" },
    },
    { call: "PATCH {upload}", body: "in pieces", status: 202, keep: { upload: "location" } },
    { call: `PUT {upload}?digest=${sha256("in pieces")}`, status: 201 },
    { call: `GET /v2/{repo}/blobs/${sha256("in pieces")}`, status: 307, answers: location },
  ];
  return [
    { call: `PUT ${path}`, body: '{"location":"local","sku":{"name":"Premium"}}', status: 201 },
    { call: `GET ${path}`, status: 200, json: expect.objectContaining({ name, location: "local" }) },
    { call: `PUT ${path}`, body: '{"location":"local","sku":{"name":"Premium"}}', status: 200 },
    ...onIt.map((row) => ({ ...row, headers: { ...row.headers, host: `${name}.localhost` } })),
  ];
}

test("a registry that has storage of its own keeps there all that is pushed to it", async () => {
  await runRows(registry, rowsOf("team1", "local\\.team1"));
});

test("others keep theirs in the region's account", async () => {
  await runRows(registry, rowsOf("team2", "local"));
});
