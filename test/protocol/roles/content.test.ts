import { beforeAll, describe, expect, test } from "vitest";
import { createTrustRule } from "../../../shared/identity/manage/trust-rules/create-trust-rule.ts";
import { askForToken, basic, bearer, type GuardedRegistry } from "../harness/guarded-registry.ts";
import type { Answer } from "../harness/registry.ts";
import { pathOf } from "../management/registry-rows.ts";
import { assignmentsOf, manage, oidOf, openRoles, scopes, tenantId, tokenOf, tokenUser } from "./world.ts";

const absent = `sha256:${"0".repeat(64)}`;
const requests = {
  login: ["GET", "/v2/"],
  catalog: ["GET", "/v2/_catalog"],
  pull: ["GET", "/v2/some/app/tags/list"],
  push: ["POST", "/v2/some/app/blobs/uploads/"],
  delete: ["DELETE", `/v2/some/app/manifests/${absent}`],
  "read metadata": ["GET", "/acr/v1/some/app/_tags"],
  lock: ["PATCH", "/acr/v1/some/app"],
  "read deleted": ["GET", "/acr/v1/_deleted/some/app/_tags"],
  restore: ["POST", `/acr/v1/_deleted/some/app/_manifests/${absent}`],
} as const;

/** What each role permits in a registry, as the definitions of Azure's roles have it; whoever may anything sees the catalog. */
const permitted = {
  Owner: "login, catalog, pull, push, delete, read metadata, lock, read deleted, restore",
  Contributor: "login, catalog, pull, push, delete, read metadata, lock, read deleted, restore",
  Reader: "login, catalog, pull, read metadata, read deleted",
  AcrPull: "login, catalog, pull, read metadata",
  AcrPush: "login, catalog, pull, push, read metadata",
  AcrDelete: "login, catalog, delete",
  "Container Registry Repository Reader": "login, catalog, pull, read metadata",
  "Container Registry Repository Writer": "login, catalog, pull, push, read metadata, lock",
  "Container Registry Repository Contributor": "login, catalog, pull, push, delete, read metadata, lock",
  "Container Registry Repository Catalog Lister": "login, catalog",
} as const;

const names = Object.keys(permitted) as (keyof typeof permitted)[];
const controller = oidOf(99);

async function ask(
  registry: GuardedRegistry,
  authorization: string,
  host: string,
  what: keyof typeof requests,
) {
  const [method, target] = requests[what];
  return await registry.send({ method, target, headers: { authorization, host } });
}

async function exchange(registry: GuardedRegistry, token: string, host: string): Promise<Answer> {
  const form = new URLSearchParams({ grant_type: "access_token", access_token: token });
  return await registry.send({
    method: "POST",
    target: "/oauth2/exchange",
    headers: { "content-type": "application/x-www-form-urlencoded", host },
    body: [Buffer.from(form.toString())],
  });
}

async function sessionOf(registry: GuardedRegistry, token: string, host: string): Promise<string> {
  const answer = await exchange(registry, token, host);
  if (answer.status !== 200) throw new Error(answer.body.toString());
  const { refresh_token: session } = JSON.parse(answer.body.toString()) as { refresh_token: string };
  return basic(tokenUser, session);
}

const at = (registry: GuardedRegistry, host: string): GuardedRegistry => ({
  ...registry,
  send: async (call) => await registry.send({ ...call, headers: { host, ...call.headers } }),
});

describe("a role in a registry", () => {
  let registry: GuardedRegistry;
  beforeAll(async () => {
    registry = await openRoles([
      ...names.map((role, index) => ({
        principal: oidOf(index),
        role,
        scope: scopes.registry("team", "apps01"),
      })),
      {
        principal: controller,
        role: "Container Registry Contributor and Data Access Configuration Administrator",
      },
      { principal: oidOf(50), role: "AcrPull", scope: scopes.group("team") },
      { principal: oidOf(51), role: "AcrPush", scope: scopes.registry("portolan", "local") },
    ]);
    const owner = basic("administrator", registry.administrator);
    const started = await ask(registry, owner, "apps01.localhost", "push");
    expect(started.status).toBe(202);
  });

  test.each(names)("%s lets its holder in, by his session and by Entra's token", async (role) => {
    const token = await tokenOf(oidOf(names.indexOf(role)));
    const host = "apps01.localhost";
    for (const login of [await sessionOf(registry, token, host), basic(tokenUser, token)]) {
      const may = new Set<string>(permitted[role].split(", "));
      for (const what of Object.keys(requests) as (keyof typeof requests)[]) {
        const { status } = await ask(registry, login, host, what);
        if (may.has(what)) expect([200, 201, 202, 404, 400], `${what}: ${status}`).toContain(status);
        else expect(status, what).toBe(403);
      }
    }
  });

  test.each([
    ["AcrPull", ["pull", "metadata_read"]],
    ["AcrPush", ["pull", "push", "metadata_read"]],
    ["Container Registry Repository Catalog Lister", undefined],
  ] as const)("%s is what access tokens are for at most", async (role, actions) => {
    const token = await tokenOf(oidOf(names.indexOf(role)));
    const there = at(registry, "apps01.localhost");
    const scoped = await askForToken(there, basic(tokenUser, token), ["repository:some/app:*"]);
    const { access_token: access } = JSON.parse(scoped.body.toString()) as { access_token: string };
    const claims = JSON.parse(Buffer.from(access.split(".")[1] ?? "", "base64url").toString()) as {
      access: { name: string; actions: string[] }[];
    };
    expect(claims.access.map((entry) => entry.actions)).toEqual(actions === undefined ? [] : [actions]);
  });

  test.each([
    ["of another registry", oidOf(0), "apps02.localhost"],
    ["of another registry, the default one", oidOf(0), "localhost"],
    ["of another registry's content", oidOf(51), "apps01.localhost"],
    ["that is of the management alone", controller, "apps01.localhost"],
  ])("opens nothing when it is one %s", async (_, oid, host) => {
    const token = await tokenOf(oid);
    const message = "neither a role nor a trust rule lets the holder of this token into this registry";
    const answer = await exchange(registry, token, host);
    expect(answer.status).toBe(401);
    expect(answer.body.toString()).toContain(message);
    expect((await ask(registry, basic(tokenUser, token), host, "login")).status).toBe(401);
  });

  test("of a group or the default registry holds there", async () => {
    for (const host of ["apps01.localhost", "apps02.localhost"])
      expect((await ask(registry, basic(tokenUser, await tokenOf(oidOf(50))), host, "login")).status).toBe(
        200,
      );
    const pusher = await tokenOf(oidOf(51));
    expect((await ask(registry, basic(tokenUser, pusher), "localhost", "push")).status).toBe(202);
    expect((await ask(registry, basic(tokenUser, pusher), "beta01.localhost", "push")).status).toBe(401);
  });
});

describe("what is taken out of the configuration", () => {
  const oid = oidOf(1);
  const role = (name: string) => ({ principal: oid, role: name });

  test("is gone when the process has started anew, from sessions and tokens as well", async () => {
    const before = await openRoles([role("AcrPush")]);
    const session = await sessionOf(before, await tokenOf(oid), "localhost");
    const access = await bearer(before, session, "repository:some/app:pull,push");
    const password = basic(tokenUser, access.slice("Bearer ".length));
    const less = before.another({ assignments: assignmentsOf([role("AcrPull")]).assignments });
    const more = before.another({
      assignments: assignmentsOf([role("AcrPush"), role("AcrDelete")]).assignments,
    });
    const none = before.another({ assignments: [] });
    const push = async (to: GuardedRegistry, authorization: string) =>
      (await ask(to, authorization, "localhost", "push")).status;
    for (const authorization of [session, access, password]) {
      expect(await push(before, authorization)).toBe(202);
      expect(await push(more, authorization)).toBe(202);
      expect(await push(none, authorization)).toBe(401);
    }
    expect(await push(less, session)).toBe(403);
    expect(await push(less, access)).toBe(401);
    expect(await push(less, password)).toBe(401);
    expect((await ask(less, session, "localhost", "pull")).status).toBe(404);
  });

  test("leaves what trust rules permit, and adds up with it", async () => {
    const registry = await openRoles([role("AcrPull")]);
    const rule = {
      name: "entra-push",
      issuer: `https://sts.windows.net/${tenantId}/`,
      audience: "https://management.azure.com/",
      conditions: [{ claim: "oid", values: [oid] }],
      scopeMap: "_repositories_push",
    };
    await createTrustRule(registry.ports, registry.registry.rid, rule);
    const session = await sessionOf(registry, await tokenOf(oid), "localhost");
    const none = registry.another({ assignments: [] });
    expect((await ask(registry, session, "localhost", "push")).status).toBe(202);
    expect((await ask(registry, session, "localhost", "read metadata")).status).toBe(404);
    expect((await ask(none, session, "localhost", "push")).status).toBe(202);
    expect((await ask(none, session, "localhost", "read metadata")).status).toBe(403);
  });

  test("ends a manager's session of the default registry", async () => {
    const registry = await openRoles([role("Reader")]);
    const session = await sessionOf(registry, await tokenOf(oid), "localhost");
    const none = registry.another({ assignments: [] });
    const read = async (to: GuardedRegistry) =>
      (await manage(to, session, "GET", pathOf("team", "apps01"))).status;
    expect(await read(registry)).toBe(200);
    expect(await read(none)).toBe(401);
  });
});

describe("the Catalog Lister", () => {
  test("sees the names of all repositories, and nothing in them", async () => {
    const registry = await openRoles([
      { principal: oidOf(1), role: "Container Registry Repository Catalog Lister" },
      { principal: oidOf(2), role: "AcrPush" },
    ]);
    const push = basic(tokenUser, await tokenOf(oidOf(2)));
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [],
    };
    const put = await registry.send({
      method: "PUT",
      target: "/v2/some/app/manifests/v1",
      headers: { authorization: push, "content-type": manifest.mediaType },
      body: [Buffer.from(JSON.stringify(manifest))],
    });
    expect(put.status).toBe(201);
    const lister = basic(tokenUser, await tokenOf(oidOf(1)));
    const catalog = await bearer(registry, lister, "registry:catalog:*");
    for (const authorization of [lister, catalog]) {
      const answer = await ask(registry, authorization, "localhost", "catalog");
      expect(JSON.parse(answer.body.toString())).toEqual({ repositories: ["some/app"] });
    }
    expect((await ask(registry, lister, "localhost", "pull")).status).toBe(403);
    expect((await ask(registry, lister, "localhost", "read metadata")).status).toBe(403);
  });
});
