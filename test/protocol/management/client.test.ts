import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import type { TokenCredential } from "@azure/identity";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { administer } from "../../../shared/access-admin.ts";
import { type RunningRegistry, startRegistry } from "../../support/registry-process.ts";
import { openTlsFront, type TlsFront } from "../harness/tls-front.ts";

const subscription = "00000000-0000-0000-0000-000000000000";
const group = "Shop";

let folder: string;
let registry: RunningRegistry;
let front: TlsFront;
let client: ContainerRegistryManagementClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-arm-"));
  registry = await startRegistry({ folder, environment: { AUTH: "true" } });
  const [hostname = "", port = ""] = registry.host.split(":");
  front = await openTlsFront({ hostname, port: Number(port) });
  const { username, passwords } = await administer(
    { ...registry.environment },
    undefined,
    async (admin) => await admin.resetAdministrator(),
  );
  client = clientOf(await session(username, Object.values(passwords)[0] ?? ""));
}, 60_000);
afterAll(async () => {
  await front.close();
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A refresh token of somebody who has a password. */
async function session(username: string, password: string): Promise<string> {
  const form = { grant_type: "password", username, password, access_type: "offline" };
  const answer = await fetch(`http://${registry.host}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const { refresh_token: token } = (await answer.json()) as { refresh_token: string };
  return token;
}

function clientOf(token: string): ContainerRegistryManagementClient {
  const credential: TokenCredential = {
    getToken: async () => await Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const made = new ContainerRegistryManagementClient(credential, subscription, {
    endpoint: front.endpoint,
    retryOptions: { maxRetries: 0 },
    tlsOptions: { ca: front.certificate },
  });
  // As a proxy does that ends TLS.
  made.pipeline.addPolicy({
    name: "forwarded",
    sendRequest: async (request, next) => {
      request.headers.set("x-forwarded-proto", "https");
      return await next(request);
    },
  });
  return made;
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const wanted = { location: "local", sku: { name: "Standard" }, tags: { team: "web" } };

describe("Azure's own client for JavaScript manages registries", () => {
  test("which it makes, shows, changes and deletes", async () => {
    const made = await client.registries.create(group, "shop1", wanted);
    expect(made).toMatchObject({
      name: "shop1",
      loginServer: "shop1.localhost",
      provisioningState: "Succeeded",
      sku: { name: "Standard", tier: "Standard" },
      tags: { team: "web" },
    });
    expect(made.creationDate).toBeInstanceOf(Date);
    expect(await client.registries.get(group, "shop1")).toEqual(made);
    const changed = await client.registries.update(group, "shop1", {
      sku: { name: "Premium" },
      anonymousPullEnabled: true,
      policies: { retentionPolicy: { days: 3, status: "enabled" } },
    });
    expect(changed).toMatchObject({ sku: { name: "Premium" }, anonymousPullEnabled: true });
    expect(changed.policies?.retentionPolicy).toMatchObject({ days: 3, status: "enabled" });
    // As whoever reads, changes and writes it back.
    const back = await client.registries.create(group, "shop1", { ...changed, anonymousPullEnabled: false });
    expect(back).toMatchObject({ anonymousPullEnabled: false, policies: changed.policies });
    await client.registries.delete(group, "shop1");
    await expect(client.registries.get(group, "shop1")).rejects.toMatchObject({
      statusCode: 404,
      code: "ResourceNotFound",
    });
    await client.registries.delete(group, "shop1");
  });

  test("whose names it checks", async () => {
    const check = async (name: string) =>
      await client.registries.checkNameAvailability({ name, type: "Microsoft.ContainerRegistry/registries" });
    expect(await check("nobodys1")).toMatchObject({ nameAvailable: true });
    expect(await check("local")).toMatchObject({ nameAvailable: false, reason: "AlreadyExists" });
    expect(await check("a-b-c-d")).toMatchObject({ nameAvailable: false, reason: "Invalid" });
    await expect(client.registries.create("other", "local", wanted)).rejects.toMatchObject({
      statusCode: 409,
      code: "AlreadyInUse",
    });
  });

  test("and which it lists over several pages", async () => {
    const names = Array.from({ length: 105 }, (_, index) => `paged${String(index).padStart(3, "0")}`);
    await Promise.all(names.map(async (name) => await client.registries.create("Paged", name, wanted)));
    const listed = await all(client.registries.listByResourceGroup("paged"));
    expect(listed.map(({ name }) => name)).toEqual(names);
    const everything = await all(client.registries.list());
    expect(everything.map(({ name }) => name)).toEqual(expect.arrayContaining(["local", ...names]));
  });

  test("for nobody else", async () => {
    await expect(clientOf("a.b.c").registries.get("portolan", "local")).rejects.toMatchObject({
      statusCode: 401,
    });
  });
});
