import { beforeAll, describe, expect, test } from "vitest";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import {
  descriptorOf,
  emptyConfig,
  imageManifest,
  indexManifest,
  layerType,
  sha256,
} from "../harness/content.ts";
import { basic, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import type { Answer } from "../harness/registry.ts";

// Two repositories of one registry: `hidden`, and `mine`, whose owner may do everything there and nothing elsewhere.

const layer = Buffer.from("a layer of the hidden repository");
const image = Buffer.from(imageManifest([descriptorOf(layer, layerType)]));
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const what = [
  "content/read",
  "content/write",
  "content/delete",
  "metadata/read",
  "metadata/write",
  "deleted/read",
  "deleted/restore",
];

let guarded: GuardedRegistry;
let owner: string;
beforeAll(async () => {
  guarded = await openGuardedRegistry();
  const administrator = basic("administrator", guarded.administrator);
  owner = basic(
    "owner",
    await guarded.addToken(
      "owner",
      what.map((one) => `repositories/mine/${one}`),
    ),
  );
  await pushBlob("hidden", layer, administrator);
  await pushBlob("hidden", Buffer.from(emptyConfig), administrator);
  expect((await putManifest("hidden", "v1", image, administrator)).status).toBe(201);
  await pushBlob("mine", Buffer.from(emptyConfig), owner);
});

async function send(
  method: string,
  target: string,
  authorization = owner,
  body?: Buffer,
  type?: string,
): Promise<Answer> {
  const headers = { authorization, ...(type === undefined ? {} : { "content-type": type }) };
  return await guarded.send({ method, target, headers, body: body === undefined ? undefined : [body] });
}

async function pushBlob(repository: string, content: Buffer, authorization: string): Promise<void> {
  const target = `/v2/${repository}/blobs/uploads/?digest=${sha256(content)}`;
  expect((await send("POST", target, authorization, content)).status).toBe(201);
}

const putManifest = async (
  repository: string,
  tag: string,
  content: Buffer,
  authorization = owner,
  type = manifestType,
) => await send("PUT", `/v2/${repository}/manifests/${tag}`, authorization, content, type);

/** What an answer says, but for the digests that were asked about. */
const told = ({ status, headers, body }: Answer) =>
  JSON.stringify([status, headers, body.toString()]).replaceAll(/sha256:[0-9a-f]{64}/g, "DIGEST");

describe("what is in another repository of the registry", () => {
  const absent = Buffer.from("a layer of no repository at all!");
  const absentImage = Buffer.from(imageManifest([descriptorOf(absent, layerType)]));

  test.each<[string, (content: Buffer, manifest: Buffer) => Promise<Answer>, number]>([
    [
      "cannot be named by a manifest",
      (content) => putManifest("mine", "a", Buffer.from(imageManifest([descriptorOf(content, layerType)]))),
      404,
    ],
    [
      "cannot be named by an index",
      (_, manifest) =>
        putManifest(
          "mine",
          "b",
          Buffer.from(indexManifest([{ ...descriptorOf(manifest, manifestType) }])),
          owner,
          "application/vnd.oci.image.index.v1+json",
        ),
      404,
    ],
    ["cannot be read as a blob", (content) => send("GET", `/v2/mine/blobs/${sha256(content)}`), 404],
    [
      "cannot be read as a manifest",
      (_, manifest) => send("GET", `/v2/mine/manifests/${sha256(manifest)}`),
      404,
    ],
    [
      "cannot be tagged",
      (_, manifest) =>
        send(
          "PUT",
          `/acr/v1/mine/_tags/c`,
          owner,
          Buffer.from(JSON.stringify({ digest: sha256(manifest) })),
          "application/json",
        ),
      404,
    ],
    ["cannot be described", (_, manifest) => send("GET", `/acr/v1/mine/_manifests/${sha256(manifest)}`), 404],
    [
      "cannot be restored",
      (_, manifest) => send("POST", `/acr/v1/_deleted/mine/_manifests/${sha256(manifest)}`),
      404,
    ],
    ["cannot be deleted", (content) => send("DELETE", `/v2/mine/blobs/${sha256(content)}`), 404],
    [
      "cannot be had by naming its digest without its bytes",
      (content) => send("POST", `/v2/mine/blobs/uploads/?digest=${sha256(content)}`),
      400,
    ],
    [
      "cannot be mounted",
      (content) =>
        send(
          "POST",
          `/v2/mine/blobs/uploads/?mount=${sha256(content)}&from=hidden&digest=${sha256(content)}`,
        ),
      400,
    ],
    ["has no referrers here", (_, manifest) => send("GET", `/v2/mine/referrers/${sha256(manifest)}`), 200],
  ])("%s, and is as absent as what is nowhere", async (_, ask, status) => {
    const there = await ask(layer, image);
    const nowhere = await ask(absent, absentImage);
    expect([there.status, told(there)]).toEqual([status, told(nowhere)]);
  });

  test("stays when its bytes were pushed here too, and were deleted here", async () => {
    await pushBlob("mine", layer, owner);
    expect((await send("DELETE", `/v2/mine/blobs/${sha256(layer)}`)).status).toBe(202);
    const administrator = basic("administrator", guarded.administrator);
    expect((await send("GET", `/v2/hidden/blobs/${sha256(layer)}`, administrator)).body).toEqual(layer);
  });
});

describe("the list of deleted repositories", () => {
  test("names none that its reader may not see, nor does the way to its next page", async () => {
    const { ports, registry, addToken, administrator } = guarded;
    await ensureRegistry(ports, registry.name, {
      sparseManifests: false,
      softDelete: { enabled: true, days: 7 },
    });
    guarded = guarded.another();
    const everything = basic("administrator", administrator);
    const names = ["gone/one", "lost/two", "gone/three", "lost/four", "lost/five", "gone/six", "lost/seven"];
    for (const name of names) {
      await pushBlob(name, Buffer.from(emptyConfig), everything);
      expect((await putManifest(name, "v1", Buffer.from(imageManifest([])), everything)).status).toBe(201);
      expect((await send("DELETE", `/acr/v1/${name}`, everything)).status).toBe(202);
    }
    const reader = basic("seeker", await addToken("seeker", ["repositories/gone/*/deleted/read"]));
    const readers: readonly (readonly [string, readonly string[]])[] = [
      [everything, names],
      [reader, ["gone/one", "gone/three", "gone/six"]],
      [owner, []],
    ];
    for (const [authorization, seen] of readers) {
      for (const n of [1, 2, 3, 100]) {
        const found: string[] = [];
        let target: string | undefined = `/acr/v1/_deleted/_catalog?n=${n}`;
        while (target !== undefined) {
          const { status, headers, body } = await send("GET", target, authorization);
          expect(status).toBe(200);
          const { repositories } = JSON.parse(body.toString()) as { repositories: string[] };
          expect(repositories.length).toBeLessThanOrEqual(n);
          found.push(...repositories);
          const link = decodeURIComponent(headers["link"] ?? "");
          for (const name of names.filter((one) => !seen.includes(one)))
            expect(link).not.toContain(name.split("/")[1]);
          target = /^<([^>]+)>/.exec(headers["link"] ?? "")?.[1];
        }
        expect([n, found]).toEqual([n, seen]);
      }
    }
  });
});
