import { beforeAll, expect, test } from "vitest";
import { readRegistryUsage } from "../../../shared/catalog/usage.ts";
import { updateScopeMap } from "../../../shared/identity/manage/scope-maps/update-scope-map.ts";
import { deleteToken } from "../../../shared/identity/manage/tokens/delete-token.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { deleteRegistry } from "../../../shared/tenancy/delete-registry.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { sha256 } from "../harness/content.ts";
import { type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import { addTenant, common, hostOf, send, type Tenant } from "./tenants.ts";

// What happens in one registry changes nothing in another that has the same content, and the same names.

const log = createLog("silent", () => {});
let guarded: GuardedRegistry;
let mine: Tenant;
let theirs: Tenant;
beforeAll(async () => {
  guarded = await openGuardedRegistry();
  [mine, theirs] = [await addTenant(guarded, "tenanta"), await addTenant(guarded, "tenantb")];
});

async function ask(
  tenant: Tenant,
  method: string,
  target: string,
  login = "the owner's password",
  body?: Uint8Array,
) {
  const headers = { host: hostOf(tenant.name, "host"), authorization: tenant.logins[login] ?? "" };
  return await send(guarded, method, target, headers, body);
}

async function bytesOf({ registry }: Tenant): Promise<number | undefined> {
  await consumeEvents(guarded.ports, log);
  return (await readRegistryUsage(guarded.ports, registry.rid))?.bytes;
}

test("content that both have is stored and counted in each by itself", async () => {
  const [before, others] = [await bytesOf(mine), await bytesOf(theirs)];
  // Their names and with them what is theirs alone are as long.
  expect(before).toBe(others);
  const blob = Buffer.alloc(1000, "x");
  const push = `/v2/app/blobs/uploads/?digest=${sha256(blob)}`;
  expect((await ask(theirs, "POST", push, undefined, blob)).status).toBe(201);
  expect(await bytesOf(theirs)).toBe((others ?? 0) + 1000);
  expect(await bytesOf(mine)).toBe(before);
  expect((await ask(mine, "HEAD", `/v2/app/blobs/${sha256(blob)}`)).status).toBe(404);
});

test("a blob, a tag and a repository that one deletes stay in the other", async () => {
  const before = await bytesOf(theirs);
  const blob = `/v2/app/blobs/${sha256(common)}`;
  expect((await ask(mine, "DELETE", blob)).status).toBe(202);
  expect((await ask(mine, "GET", blob)).status).toBe(404);
  expect((await ask(mine, "DELETE", "/v2/app/manifests/v1")).status).toBe(202);
  expect((await ask(mine, "DELETE", "/acr/v1/app")).status).toBe(202);
  expect((await ask(mine, "GET", "/v2/app/tags/list")).status).toBe(404);
  expect((await ask(theirs, "GET", blob)).body).toEqual(common);
  expect((await ask(theirs, "GET", "/v2/app/manifests/v1")).status).toBe(200);
  expect(await bytesOf(theirs)).toBe(before);
});

test("a scope map and a token of the same name are changed in one alone", async () => {
  const list = "/v2/app/tags/list";
  const { rid } = mine.registry;
  await updateScopeMap(guarded.ports, rid, "reader-map", { actions: ["repositories/other/content/read"] });
  await deleteToken(guarded.ports, rid, "owner");
  const another = guarded.another();
  const status = async (tenant: Tenant, login: string) => {
    const headers = { host: hostOf(tenant.name, "host"), authorization: tenant.logins[login] ?? "" };
    return (await send(another, "GET", list, headers)).status;
  };
  for (const login of ["the owner's password", "an access token", "a refresh token as password"]) {
    expect([login, await status(mine, login)]).toEqual([login, 401]);
    expect([login, await status(theirs, login)]).toEqual([login, 200]);
  }
  expect(await status(mine, "the reader's password")).toBe(403);
});

test("a registry that is deleted takes nothing of another's along, and its logins open nothing under its name later", async () => {
  await deleteRegistry(guarded.ports, mine.registry.rid);
  const another = guarded.another();
  const again = await addTenant(another, mine.name);
  const status = async (authorization: string) =>
    (await send(another, "GET", "/v2/app/tags/list", { host: hostOf(mine.name, "host"), authorization }))
      .status;
  for (const [what, authorization] of Object.entries(mine.logins))
    expect([what, await status(authorization)]).toEqual([what, 401]);
  expect(await status(again.owner)).toBe(200);
  expect((await ask(theirs, "GET", `/v2/app/blobs/${sha256(theirs.secret)}`)).body).toEqual(theirs.secret);
});
