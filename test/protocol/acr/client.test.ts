import {
  ContainerRegistryClient,
  ContainerRegistryContentClient,
  KnownContainerRegistryAudience,
} from "@azure/container-registry";
import type { TokenCredential } from "@azure/identity";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltRegistry, openBuiltRegistry } from "../harness/built-registry.ts";
import { bytes, emptyConfig, imageManifest, layerType, sha256 } from "../harness/content.ts";
import { openTlsFront, type TlsFront } from "../harness/tls-front.ts";

const repository = "library/hello-world";
const tagNames = ["v1", "v2", "v3", "latest"];

let registry: BuiltRegistry;
let front: TlsFront;
let client: ContainerRegistryClient;
beforeAll(async () => {
  registry = await openBuiltRegistry();
  front = await openTlsFront(registry);
  client = new ContainerRegistryClient(front.endpoint, ...anonymous());
  const content = contentClient(repository);
  const layer = await content.uploadBlob(Buffer.from(bytes(1_000, 3)));
  await content.uploadBlob(Buffer.from(emptyConfig));
  for (const tag of tagNames) {
    const descriptor = { mediaType: layerType, digest: layer.digest, size: layer.sizeInBytes };
    const manifest = imageManifest([descriptor], { annotations: { tag } });
    await content.setManifest(Buffer.from(manifest), { tag });
  }
});
afterAll(async () => {
  await front.close();
  await registry.close();
});

/** Nobody is asked who he is, so the client never looks for a token. */
function anonymous() {
  const credential: TokenCredential = {
    getToken: async () => await Promise.reject(new Error("nobody should ask for a token")),
  };
  const audience = KnownContainerRegistryAudience.AzureResourceManagerPublicCloud;
  const options = { audience, retryOptions: { maxRetries: 0 }, tlsOptions: { ca: front.certificate } };
  return [credential, options] as const;
}

function contentClient(name: string): ContainerRegistryContentClient {
  return new ContainerRegistryContentClient(front.endpoint, name, ...anonymous());
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The image with that tag. */
function artifact(reference: string) {
  return client.getArtifact(repository, reference);
}

describe("Azure's own client for JavaScript", () => {
  test("lists repositories, page by page", async () => {
    expect(await all(client.listRepositoryNames())).toEqual([repository]);
    const pages = await all(client.listRepositoryNames().byPage({ maxPageSize: 1 }));
    expect(pages.flat()).toEqual([repository]);
  });

  test("reads a repository, whose figures follow", async () => {
    const described = client.getRepository(repository);
    await expect
      .poll(async () => await described.getProperties(), { timeout: 15_000 })
      .toMatchObject({
        registryLoginServer: new URL(front.endpoint).host,
        name: repository,
        createdOn: expect.any(Date) as unknown,
        lastUpdatedOn: expect.any(Date) as unknown,
        manifestCount: 4,
        tagCount: 4,
        canDelete: true,
        canWrite: true,
        canList: true,
        canRead: true,
      });
  });

  test("lists manifests by time, with their tags, in pages", async () => {
    const { listManifestProperties } = client.getRepository(repository);
    const list = listManifestProperties.bind(client.getRepository(repository));
    const descending = await all(list({ order: "LastUpdatedOnDescending" }));
    expect(descending.map(({ tags }) => tags)).toEqual([["latest"], ["v3"], ["v2"], ["v1"]]);
    const pages = await all(list({ order: "LastUpdatedOnAscending" }).byPage({ maxPageSize: 3 }));
    expect(pages.map((page) => page.map(({ tags }) => tags[0]))).toEqual([["v1", "v2", "v3"], ["latest"]]);
    expect(descending[0]).toMatchObject({
      repositoryName: repository,
      sizeInBytes: 1_000 + emptyConfig.length,
      createdOn: expect.any(Date) as unknown,
      canDelete: true,
    });
    expect((await all(list())).map(({ digest }) => digest)).toEqual(
      descending.map(({ digest }) => digest).sort(),
    );
  });

  test("lists tags by time and reads one", async () => {
    const list = async (order: "LastUpdatedOnDescending" | "LastUpdatedOnAscending") =>
      (await all(artifact("v1").listTagProperties({ order }))).map(({ name }) => name);
    expect(await list("LastUpdatedOnDescending")).toEqual(tagNames.toReversed());
    expect(await list("LastUpdatedOnAscending")).toEqual(tagNames);
    const { digest } = await artifact("v2").getManifestProperties();
    expect(await artifact("v2").getTagProperties("v2")).toMatchObject({
      name: "v2",
      digest,
      repositoryName: repository,
      createdOn: expect.any(Date) as unknown,
      canWrite: true,
    });
  });

  test("changes what may be done with a repository, a manifest and a tag", async () => {
    const described = client.getRepository(repository);
    expect(await described.updateProperties({ canDelete: false })).toMatchObject({ canDelete: false });
    expect(await described.updateProperties({ canDelete: true })).toMatchObject({ canDelete: true });
    expect(await artifact("v2").updateManifestProperties({ canWrite: false })).toMatchObject({
      canWrite: false,
    });
    await expect(artifact("v2").delete()).rejects.toMatchObject({ statusCode: 405 });
    await artifact("v2").updateManifestProperties({ canWrite: true });
    expect(await artifact("v2").updateTagProperties("v2", { canDelete: false })).toMatchObject({
      canDelete: false,
    });
    await expect(artifact("v2").deleteTag("v2")).rejects.toMatchObject({ statusCode: 405 });
    await artifact("v2").updateTagProperties("v2", { canDelete: true });
  });

  test("deletes a tag, then a manifest, then the repository", async () => {
    await artifact("v3").deleteTag("v3");
    await expect(artifact("v1").getTagProperties("v3")).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringContaining("TAG_UNKNOWN") as unknown,
    });
    const { digest } = await artifact("v1").getManifestProperties();
    await artifact("v1").delete();
    await expect(artifact(digest).getManifestProperties()).rejects.toMatchObject({ statusCode: 404 });
    await client.deleteRepository(repository);
    expect(await all(client.listRepositoryNames())).toEqual([]);
    await expect(client.getRepository(repository).getProperties()).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringContaining("NAME_UNKNOWN") as unknown,
    });
    // What is not there is as good as deleted, for this client.
    await client.deleteRepository(repository);
  });

  test("pulls what it has pushed", async () => {
    const content = contentClient("other/image");
    const { digest } = await content.uploadBlob(Buffer.from(bytes(500, 9)));
    expect(digest).toBe(sha256(bytes(500, 9)));
    const pieces = await all((await content.downloadBlob(digest)).content as AsyncIterable<Buffer>);
    expect(Buffer.concat(pieces).equals(bytes(500, 9))).toBe(true);
  });
});
