import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ContainerRegistryClient,
  ContainerRegistryContentClient,
  KnownContainerRegistryAudience,
} from "@azure/container-registry";
import type { TokenCredential } from "@azure/identity";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { administer } from "../../../shared/access-admin.ts";
import { entraClaims, OidcIssuer } from "../../support/oidc-issuer.ts";
import { type RunningRegistry, startRegistry } from "../../support/registry-process.ts";
import { bytes, emptyConfig, imageManifest, layerType } from "../harness/content.ts";
import { openTlsFront, type TlsFront } from "../harness/tls-front.ts";

const tenantId = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const audience = KnownContainerRegistryAudience.AzureResourceManagerPublicCloud;
const { aud, oid, ...claims } = entraClaims(tenantId);

const issuer = new OidcIssuer(() => Date.now());
let closeIssuer: () => Promise<void>;
let folder: string;
let registry: RunningRegistry;
let front: TlsFront;

/** A registry that trusts the issuer's tokens of one person, which are like Entra's but for their issuer. */
beforeAll(async () => {
  await issuer.addKey();
  closeIssuer = await issuer.listen();
  folder = await mkdtemp(join(tmpdir(), "portolan-acr-"));
  registry = await startRegistry({ folder, environment: { AUTH: "true", ALLOW_PRIVATE_ISSUERS: "true" } });
  const [hostname = "", port = ""] = registry.host.split(":");
  front = await openTlsFront({ hostname, port: Number(port) });
  const environment = { ...registry.environment };
  await administer(environment, undefined, async (admin) => {
    await admin.setAnonymousPull("selected");
    const all = ["content/read", "content/write", "content/delete", "metadata/read", "metadata/write"];
    const actions = ["team/*", "open"].flatMap((name) => all.map((what) => `repositories/${name}/${what}`));
    await admin.createScopeMap({ name: "the-team", actions });
    const conditions = [{ claim: "oid", values: [String(oid)] }];
    const rule = {
      name: "the-tenant",
      issuer: issuer.url,
      audience: String(aud),
      conditions,
      scopeMap: "the-team",
    };
    await admin.createTrustRule(rule);
  });
  for (const name of ["team/app", "open"]) await push(name);
  await administer(environment, undefined, async (admin) => await admin.markRepository("open", true));
}, 60_000);
afterAll(async () => {
  await front.close();
  await registry.stop();
  await closeIssuer();
  await rm(folder, { recursive: true, force: true });
});

/** As somebody whose tokens have these claims. */
function credential(more: Readonly<Record<string, unknown>> = {}): TokenCredential {
  return {
    getToken: async () => {
      const token = await issuer.sign({ claims: { ...claims, iss: issuer.url, aud, oid, ...more } });
      return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
}

const options = () => ({ audience, retryOptions: { maxRetries: 0 }, tlsOptions: { ca: front.certificate } });

function client(as = credential()): ContainerRegistryClient {
  return new ContainerRegistryClient(front.endpoint, as, options());
}

function content(name: string, as = credential()): ContainerRegistryContentClient {
  return new ContainerRegistryContentClient(front.endpoint, name, as, options());
}

async function push(name: string): Promise<void> {
  const pushing = content(name);
  const layer = await pushing.uploadBlob(Buffer.from(bytes(1_000, 3)));
  await pushing.uploadBlob(Buffer.from(emptyConfig));
  for (const tag of ["v1", "v2"]) {
    const descriptor = { mediaType: layerType, digest: layer.digest, size: layer.sizeInBytes };
    const manifest = imageManifest([descriptor], { annotations: { tag } });
    await pushing.setManifest(Buffer.from(manifest), { tag });
  }
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("Azure's own client for JavaScript, with the token of an issuer that a rule trusts", () => {
  test("does what the rule's scope map allows", async () => {
    expect(await all(client().listRepositoryNames())).toEqual(["open", "team/app"]);
    const image = client().getArtifact("team/app", "v1");
    expect((await all(image.listTagProperties())).map(({ name }) => name)).toEqual(["v1", "v2"]);
    expect(await image.updateTagProperties("v1", { canDelete: false })).toMatchObject({ canDelete: false });
    await image.updateTagProperties("v1", { canDelete: true });
    await client().getArtifact("team/app", "v2").deleteTag("v2");
    expect((await all(image.listTagProperties())).map(({ name }) => name)).toEqual(["v1"]);
    const { manifest } = await content("team/app").getManifest("v1");
    expect(manifest).toMatchObject({ schemaVersion: 2 });
  });

  test("is told what is missing elsewhere", async () => {
    await expect(content("other/app").uploadBlob(Buffer.from("x"))).rejects.toMatchObject({
      statusCode: 401,
      message: expect.stringContaining("push on repository other/app is needed") as unknown,
    });
  });

  test("is told why its token is not taken", async () => {
    await expect(all(client(credential({ oid: tenantId })).listRepositoryNames())).rejects.toMatchObject({
      statusCode: 401,
      message: expect.stringContaining("no trust rule fits the token") as unknown,
    });
  });
});

describe("Azure's own client for JavaScript, as nobody", () => {
  const nobody = () => new ContainerRegistryClient(front.endpoint, options());

  test("reads what is open to everybody", async () => {
    await expect
      .poll(
        async () =>
          await all(nobody().getArtifact("open", "v1").listTagProperties()).then(
            (tags) => tags.map(({ name }) => name),
            String,
          ),
        { timeout: 20_000, interval: 500 },
      )
      .toEqual(["v1", "v2"]);
  });

  test("neither changes that nor reads anything else", async () => {
    const refused = { statusCode: 401 };
    await expect(nobody().getArtifact("open", "v1").deleteTag("v1")).rejects.toMatchObject(refused);
    await expect(all(nobody().getArtifact("team/app", "v1").listTagProperties())).rejects.toMatchObject(
      refused,
    );
  });
});
