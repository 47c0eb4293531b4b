import { globalAgent } from "node:http";
import type { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { basic } from "../harness/guarded-registry.ts";
import { sendCall } from "../harness/http-client.ts";
import type { Call } from "../harness/registry.ts";
import { all, type ManagedRegistry, openManagedRegistry, subscription } from "./managed-registry.ts";

const group = "Access";
const name = "access1";
const base = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.ContainerRegistry/registries/${name}`;
const [pull, push] = ["repositories/team/*/content/read", "repositories/team/*/content/write"] as const;

let registry: ManagedRegistry;
let client: ContainerRegistryManagementClient;

beforeAll(async () => {
  registry = await openManagedRegistry();
  ({ client } = registry);
  await client.registries.create(group, name, { location: "local", sku: { name: "Basic" } });
}, 60_000);
afterAll(async () => {
  await registry.close();
});

/** The status of a login to the registry. */
async function logIn(username: string, password: string): Promise<number> {
  const [hostname = "", port = ""] = registry.host.split(":");
  const headers = { authorization: basic(username, password), host: `${name}.localhost` };
  const call: Call = { method: "GET", target: "/oauth2/token", headers, body: undefined, streamed: false };
  return (await sendCall(call, hostname, Number(port), globalAgent)).status;
}

async function makeToken(tokenName: string): Promise<string> {
  await client.scopeMaps.create(group, name, `${tokenName}-map`, { actions: [pull] });
  const scopeMapId = `${base}/scopeMaps/${tokenName}-map`;
  return (await client.tokens.create(group, name, tokenName, { scopeMapId })).id ?? "";
}

describe("Azure's own client for JavaScript manages who may do what", () => {
  test("by scope maps, the system's beside one's own", async () => {
    const made = await client.scopeMaps.create(group, name, "team-map", {
      description: "the team",
      actions: [pull],
    });
    expect(made).toMatchObject({ name: "team-map", description: "the team", actions: [pull] });
    expect(made).toMatchObject({ typePropertiesType: "UserDefined", provisioningState: "Succeeded" });
    const updated = await client.scopeMaps.update(group, name, "TEAM-map", { actions: [pull, push] });
    expect(updated).toMatchObject({ name: "team-map", description: "the team", actions: [pull, push] });
    expect(await client.scopeMaps.get(group, name, "team-map")).toEqual(updated);
    expect(await client.scopeMaps.create(group, name, "team-map", { actions: [pull] })).toMatchObject({
      description: "the team",
      actions: [pull],
    });
    const listed = await all(client.scopeMaps.list(group, name));
    expect(listed.map((map) => map.name)).toEqual(
      expect.arrayContaining(["_repositories_pull", "_repositories_push", "team-map"]),
    );
    await client.scopeMaps.delete(group, name, "team-map");
    await client.scopeMaps.delete(group, name, "team-map");
    await expect(client.scopeMaps.get(group, name, "team-map")).rejects.toMatchObject({
      statusCode: 404,
      code: "ResourceNotFound",
    });
    await expect(
      client.scopeMaps.create(group, name, "bad-map", { actions: ["repositories/a/content/write/x"] }),
    ).rejects.toMatchObject({ statusCode: 400, code: "InvalidRequestContent" });
    await expect(client.scopeMaps.delete(group, name, "_repositories_pull")).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  test("by named tokens, whose passwords are told once", async () => {
    const tokenId = await makeToken("builder");
    expect(tokenId).toBe(`${base}/tokens/builder`);
    const expiry = new Date(Date.now() + 3_600_000);
    const made = await client.registries.generateCredentials(group, name, {
      tokenId,
      name: "password1",
      expiry,
    });
    expect(made).toMatchObject({ username: "builder", passwords: [{ name: "password1", expiry }] });
    const first = made.passwords?.[0]?.value ?? "";
    expect(await logIn("builder", first)).toBe(200);
    const both = await client.registries.generateCredentials(group, name, { tokenId });
    expect(both.passwords?.map((password) => password.name)).toEqual(["password1", "password2"]);
    expect(await logIn("builder", first)).toBe(401);
    const second = both.passwords?.[1]?.value ?? "";
    expect(await logIn("builder", second)).toBe(200);

    const shown = await client.tokens.get(group, name, "builder");
    const { passwords } = shown.credentials ?? {};
    expect(passwords?.map((password) => [password.name, password.value])).toEqual([
      ["password1", undefined],
      ["password2", undefined],
    ]);
    expect(await all(client.tokens.list(group, name))).toEqual([shown]);
    // As `az acr token credential delete --password1` does it.
    const left = await client.tokens.update(group, name, "builder", {
      credentials: { passwords: [{ name: "password2" }] },
    });
    expect(left.credentials?.passwords).toEqual(passwords?.slice(1));
    expect(await logIn("builder", second)).toBe(200);
    await client.tokens.update(group, name, "builder", { status: "disabled" });
    expect(await logIn("builder", second)).toBe(401);
    await client.tokens.delete(group, name, "builder");
    await client.tokens.delete(group, name, "builder");
    expect(await all(client.tokens.list(group, name))).toEqual([]);
  });

  test("over several pages, where lists are long", async () => {
    const names = ["paged-1", "paged-2", "paged-3", "paged-4", "paged-5"];
    for (const each of names) await makeToken(each);
    /** As if the first page had been read, and had ended after two: the usual page is longer than what is made here. */
    const rest = (list: "tokens" | "scopeMaps", after: string) => {
      const parameters = new URLSearchParams({ "api-version": "2025-11-01", n: "2", $skiptoken: after });
      const continuationToken = `${registry.endpoint}${base}/${list}?${parameters.toString()}`;
      return client[list].list(group, name).byPage({ continuationToken });
    };
    const namesOf = (pages: readonly (readonly { name?: string }[])[]) =>
      pages.map((page) => page.map((item) => item.name));
    expect(namesOf(await all(rest("tokens", "paged-1")))).toEqual([names.slice(1, 3), names.slice(3)]);
    const maps = names.map((each) => `${each}-map`);
    expect(namesOf(await all(rest("scopeMaps", "paged-1-map")))).toEqual([maps.slice(1, 3), maps.slice(3)]);
    for (const each of names) {
      await client.tokens.delete(group, name, each);
      await client.scopeMaps.delete(group, name, `${each}-map`);
    }
  });

  test("and what cannot be meant is refused", async () => {
    const tokenId = await makeToken("refused");
    const scopeMapId = `${base}/scopeMaps/refused-map`;
    const refusals: readonly Promise<unknown>[] = [
      client.tokens.create(group, name, "other-token", { status: "enabled" }),
      client.tokens.create(group, name, "other-token", { scopeMapId: "refused-map" }),
      client.tokens.create(group, name, "other-token", { scopeMapId: scopeMapId.replace(name, "local") }),
      client.tokens.create(group, name, "other-token", { scopeMapId: `${base}/scopeMaps/absent-map` }),
      client.tokens.create(group, name, "access1", { scopeMapId }),
      client.tokens.create(group, name, "a b c d", { scopeMapId }),
      client.tokens.update(group, name, "refused", { credentials: { passwords: [{ name: "password1" }] } }),
      client.tokens.update(group, name, "refused", {
        credentials: { certificates: [{ name: "certificate1" }] },
      }),
      client.registries.generateCredentials(group, name, { tokenId, name: "password3" as "password1" }),
      client.registries.generateCredentials(group, name, { tokenId, expiry: new Date(0) }),
      client.registries.generateCredentials(group, name, { tokenId: "refused" }),
    ];
    for (const [index, outcome] of (await Promise.allSettled(refusals)).entries())
      expect(outcome, `refusal ${index}`).toMatchObject({
        status: "rejected",
        reason: { statusCode: 400, code: "InvalidRequestContent" },
      });
    for (const absent of [
      client.tokens.get(group, name, "absent"),
      client.tokens.get(group, name, "a b c d"),
    ])
      await expect(absent).rejects.toMatchObject({ statusCode: 404, code: "ResourceNotFound" });
    await expect(client.scopeMaps.delete(group, name, "refused-map")).rejects.toMatchObject({
      statusCode: 409,
    });
  });

  test("by the admin user, whose passwords are told when they are made", async () => {
    await expect(client.registries.listCredentials(group, name)).rejects.toMatchObject({
      statusCode: 409,
      code: "Conflict",
    });
    const on = await client.registries.update(group, name, { adminUserEnabled: true });
    expect(on.adminUserEnabled).toBe(true);
    // The same again changes nothing.
    await client.registries.update(group, name, { adminUserEnabled: true });
    const made = await client.registries.regenerateCredential(group, name, { name: "password2" });
    const value = made.passwords?.[1]?.value ?? "";
    expect(made).toEqual({
      username: name,
      passwords: [
        { name: "password", value: undefined },
        { name: "password2", value },
      ],
    });
    expect(await logIn(name, value)).toBe(200);
    const listed = await client.registries.listCredentials(group, name);
    expect(listed.passwords?.map((password) => password.name)).toEqual(["password", "password2"]);
    expect(JSON.stringify(listed)).not.toContain(value);
    await client.registries.update(group, name, { adminUserEnabled: false });
    expect(await logIn(name, value)).toBe(401);
    expect((await client.registries.get(group, name)).adminUserEnabled).toBe(false);
  });
});
