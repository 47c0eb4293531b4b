import { beforeEach, describe, expect, test } from "vitest";
import { readEntraSettings } from "../../../shared/identity/federation/settings.ts";
import { createScopeMap } from "../../../shared/identity/manage/scope-maps/create-scope-map.ts";
import { updateScopeMap } from "../../../shared/identity/manage/scope-maps/update-scope-map.ts";
import { createTrustRule } from "../../../shared/identity/manage/trust-rules/create-trust-rule.ts";
import { deleteTrustRule } from "../../../shared/identity/manage/trust-rules/delete-trust-rule.ts";
import { updateTrustRule } from "../../../shared/identity/manage/trust-rules/update-trust-rule.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { AskedIssuers } from "../../support/asked-issuers.ts";
import { entraClaims, githubClaims, OidcIssuer } from "../../support/oidc-issuer.ts";
import {
  askForToken,
  basic,
  bearer,
  type GuardedRegistry,
  openGuardedRegistry,
} from "../harness/guarded-registry.ts";

const tokenUser = "00000000-0000-0000-0000-000000000000";
const noSubscription = "00000000-0000-0000-0000-000000000000";
const tenantId = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const { oid } = entraClaims(tenantId) as { oid: string };
const github = new OidcIssuer(() => Date.now(), "https://token.actions.githubusercontent.com");
const entra = new OidcIssuer(() => Date.now(), `https://sts.windows.net/${tenantId}/`);
await Promise.all([github.addKey(), entra.addKey()]);
const jobToken = await github.sign({ claims: githubClaims });

let issuers: AskedIssuers;
let registry: GuardedRegistry;

beforeEach(async () => {
  issuers = new AskedIssuers();
  issuers.add(github, entra);
  const settings = readEntraSettings(
    { ENTRA_TENANT_ID: tenantId, ENTRA_ADMINISTRATORS: oid },
    noSubscription,
  );
  registry = await openGuardedRegistry({ issuers, ...(settings === undefined ? {} : { entra: settings }) });
  const { ports, registry: document } = registry;
  await createScopeMap(ports, document.rid, {
    name: "octo-push",
    actions: ["repositories/octo/*/content/read", "repositories/octo/*/content/write"],
  });
  await trustMain(ports, "octo-push");
});

const mainRule = {
  name: "octo-main",
  issuer: github.url,
  audience: "https://registry.example",
  conditions: [
    { claim: "repository", values: ["octo-org/*"] },
    { claim: "ref", values: ["refs/heads/main"] },
  ],
};

async function trustMain(ports: Ports, scopeMap: string): Promise<void> {
  await createTrustRule(ports, registry.registry.rid, { ...mainRule, scopeMap });
}

async function exchange(token: string) {
  const answer = await registry.send({
    method: "POST",
    target: "/oauth2/exchange",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: [Buffer.from(new URLSearchParams({ grant_type: "access_token", access_token: token }).toString())],
  });
  const body = JSON.parse(answer.body.toString()) as {
    refresh_token?: string;
    errors?: { code: string; message: string }[];
  };
  return { status: answer.status, refreshToken: body.refresh_token ?? "", error: body.errors?.[0] };
}

async function startUpload(repository: string, authorization: string): Promise<number> {
  const { status } = await registry.send({
    method: "POST",
    target: `/v2/${repository}/blobs/uploads/`,
    headers: { authorization },
  });
  return status;
}

const pushTo = (repository: string) => `repository:${repository}:pull,push`;

describe("a job of GitHub Actions", () => {
  test("pushes where the scope map of its rule says, and nowhere else", async () => {
    const { refreshToken } = await exchange(jobToken);
    const login = basic(tokenUser, refreshToken);
    const both = await bearer(registry, login, pushTo("octo/app"), pushTo("other/app"));
    expect(await startUpload("octo/app", both)).toBe(202);
    expect(await startUpload("other/app", both)).toBe(401);
  });

  test("may log in with its own token as the password", async () => {
    const authorization = await bearer(registry, basic(tokenUser, jobToken), pushTo("octo/app"));
    expect(await startUpload("octo/app", authorization)).toBe(202);
  });

  test.each([
    [
      { repository: "evil-org/octo" },
      'no trust rule fits the token, which has repository="evil-org/octo", ref="refs/heads/main"',
    ],
    [
      { aud: "https://elsewhere.example" },
      'the token is for "https://elsewhere.example", and not for this registry',
    ],
    [{ exp: 1 }, "the token has expired"],
    [
      { iss: "https://elsewhere.example" },
      'this registry has no trust rule for the issuer "https://elsewhere.example"',
    ],
  ])("is told why it is refused with %j", async (claims, message) => {
    const token = await github.sign({ claims: { ...githubClaims, ...claims } });
    expect(await exchange(token)).toMatchObject({ status: 401, error: { code: "UNAUTHORIZED", message } });
    expect((await askForToken(registry, basic(tokenUser, token), [pushTo("octo/app")])).status).toBe(401);
  });

  test("waits while the issuer is away", async () => {
    issuers.away = true;
    expect(await exchange(jobToken)).toMatchObject({ status: 503, error: { code: "UNAVAILABLE" } });
  });

  test("is nobody in a registry that has no such rule", async () => {
    await registry.addRegistry("other1");
    const answer = await registry.send({
      method: "POST",
      target: "/oauth2/exchange",
      headers: { host: "other1.localhost", "content-type": "application/x-www-form-urlencoded" },
      body: [Buffer.from(`grant_type=access_token&access_token=${jobToken}`)],
    });
    expect(answer.status).toBe(401);
    expect(answer.body.toString()).toContain("this registry has no trust rule for the issuer");
    expect(issuers.asked).toEqual([]);
  });
});

describe("a session that a trust rule began", () => {
  const change = { conditions: [{ claim: "repository", values: ["octo-org/other"] }] };
  const rid = () => registry.registry.rid;

  test.each([
    ["is changed", () => updateTrustRule(registry.ports, rid(), "octo-main", change)],
    [
      "is switched off",
      () => updateTrustRule(registry.ports, rid(), "octo-main", { status: "disabled" as const }),
    ],
    ["is deleted", () => deleteTrustRule(registry.ports, rid(), "octo-main")],
  ])("is over when the rule %s", async (_, end) => {
    const { refreshToken } = await exchange(jobToken);
    expect((await askForToken(registry, basic(tokenUser, refreshToken), [pushTo("octo/app")])).status).toBe(
      200,
    );
    await end();
    expect((await askForToken(registry, basic(tokenUser, refreshToken), [pushTo("octo/app")])).status).toBe(
      401,
    );
    expect((await exchange(jobToken)).status).toBe(401);
  });

  test("is over though the rule was changed by a clock that is far behind, and changed back", async () => {
    const { refreshToken } = await exchange(jobToken);
    const behind = { ...registry.ports, clock: { now: () => registry.ports.clock.now() - 300_000 } };
    await updateTrustRule(behind, rid(), "octo-main", change);
    await updateTrustRule(behind, rid(), "octo-main", { scopeMap: "_repositories_pull" });
    expect((await askForToken(registry, basic(tokenUser, refreshToken), [pushTo("octo/app")])).status).toBe(
      401,
    );
  });

  test.each([
    [
      "changed",
      () => updateTrustRule(registry.ports, rid(), "octo-main", { scopeMap: "_repositories_push" }),
    ],
    [
      "made anew",
      async () => {
        await deleteTrustRule(registry.ports, rid(), "octo-main");
        await trustMain(registry.ports, "_repositories_push");
      },
    ],
  ])(
    "loses the rule that was %s, though another that it met is of a clock that is far ahead",
    async (_, end) => {
      const ahead = { ...registry.ports, clock: { now: () => registry.ports.clock.now() + 300_000 } };
      await createTrustRule(ahead, rid(), {
        ...mainRule,
        name: "octo-any",
        conditions: [{ claim: "repository_owner", values: ["octo-org"] }],
        scopeMap: "_repositories_pull",
      });
      const { refreshToken } = await exchange(jobToken);
      const push = async () =>
        await startUpload(
          "octo/app",
          await bearer(registry, basic(tokenUser, refreshToken), pushTo("octo/app")),
        );
      expect(await push()).toBe(202);
      await end();
      expect(await push()).toBe(401);
    },
  );

  test("goes on with what the scope map says now", async () => {
    const { refreshToken } = await exchange(jobToken);
    await updateScopeMap(registry.ports, rid(), "octo-push", {
      actions: ["repositories/octo/*/content/read"],
    });
    const login = basic(tokenUser, refreshToken);
    expect(await startUpload("octo/app", await bearer(registry, login, pushTo("octo/app")))).toBe(401);
  });
});

describe("an administrator by Entra", () => {
  test("may do everything", async () => {
    const { refreshToken } = await exchange(await entra.sign({ claims: entraClaims(tenantId) }));
    const authorization = await bearer(registry, basic(tokenUser, refreshToken), pushTo("any/thing"));
    expect(await startUpload("any/thing", authorization)).toBe(202);
  });

  test("is out at once when the configuration names him no more", async () => {
    const { refreshToken } = await exchange(await entra.sign({ claims: entraClaims(tenantId) }));
    const session = basic(tokenUser, refreshToken);
    const access = await bearer(registry, session, pushTo("any/thing"));
    const restarted = registry.another({
      assignments: [{ principal: tenantId, role: "Owner", place: {} }],
    });
    for (const authorization of [session, access, basic(tokenUser, access.slice("Bearer ".length))]) {
      const push = { method: "POST", target: "/v2/any/thing/blobs/uploads/", headers: { authorization } };
      expect((await registry.send(push)).status).toBe(202);
      expect((await restarted.send(push)).status).toBe(401);
    }
    expect((await askForToken(restarted, session, [])).status).toBe(401);
    const target = `/subscriptions/${noSubscription}/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local?api-version=2025-04-01`;
    const management = { method: "GET", target, headers: { authorization: session } };
    expect((await registry.send(management)).status).toBe(200);
    expect((await restarted.send(management)).status).toBe(401);
  });

  test("is not anybody else of the tenant", async () => {
    const claims = { ...entraClaims(tenantId), oid: tenantId };
    expect(await exchange(await entra.sign({ claims }))).toMatchObject({
      status: 401,
      error: { message: expect.stringMatching(/^no trust rule fits the token/) as string },
    });
  });
});
