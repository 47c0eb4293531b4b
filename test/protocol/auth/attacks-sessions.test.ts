import { decodeJwt } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { createScopeMap } from "../../../shared/identity/manage/scope-maps/create-scope-map.ts";
import { deleteToken } from "../../../shared/identity/manage/tokens/delete-token.ts";
import { generateTokenPassword } from "../../../shared/identity/manage/tokens/generate-token-password.ts";
import { removeTokenPassword } from "../../../shared/identity/manage/tokens/remove-token-password.ts";
import { updateToken } from "../../../shared/identity/manage/tokens/update-token.ts";
import { revokeAll } from "../../../shared/identity/revoke.ts";
import { basic, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import type { Answer } from "../harness/registry.ts";

const tokenUser = "00000000-0000-0000-0000-000000000000";
const appScope = "repository:team/app:pull,push";

interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly scope: string;
  readonly expires_in: number;
}

let now: number;
let guarded: GuardedRegistry;
let password: string;
let tokens: Tokens;
beforeEach(async () => {
  now = Date.UTC(2031, 1, 3);
  guarded = await openGuardedRegistry({ now: () => now });
  await guarded.addRegistry("other1");
  password = await guarded.addToken("pusher", [
    "repositories/team/app/content/read",
    "repositories/team/app/content/write",
    "repositories/solo/*/content/read",
  ]);
  tokens = read(
    await grant({ grant_type: "password", username: "pusher", password, access_type: "offline" }),
  );
});

async function grant(
  fields: Readonly<Record<string, string>>,
  { scopes = [appScope], host = "localhost" } = {},
): Promise<Answer> {
  const form = new URLSearchParams(fields);
  for (const scope of scopes) form.append("scope", scope);
  return await guarded.send({
    method: "POST",
    target: "/oauth2/token",
    headers: { host, "content-type": "application/x-www-form-urlencoded" },
    body: [Buffer.from(form.toString())],
  });
}

function read({ status, body }: Answer): Tokens {
  expect([status, body.toString()]).toEqual([200, expect.anything()]);
  return JSON.parse(body.toString()) as Tokens;
}

async function list(authorization: string, repository = "team/app", host = "localhost"): Promise<number> {
  const target = `/v2/${repository}/tags/list`;
  return (await guarded.send({ method: "GET", target, headers: { authorization, host } })).status;
}

const refresh = (options?: { scopes?: string[]; host?: string }) =>
  grant({ grant_type: "refresh_token", refresh_token: tokens.refresh_token ?? "" }, options);

describe("a refresh token", () => {
  test("gets access tokens, of no more than its holder may do", async () => {
    expect(read(await refresh()).scope).toBe(appScope);
    expect(read(await refresh({ scopes: ["repository:*:*", "registry:catalog:*"] })).scope).toBe(
      "repository:team/app:pull,push repository:solo/*:pull registry:catalog:*",
    );
  });

  test("is no access token", async () => {
    expect(await list(`Bearer ${tokens.refresh_token}`)).toBe(401);
  });

  test("is nothing in another registry, under whichever name that is reached", async () => {
    for (const host of ["other1.localhost", "other1--west.localhost"]) {
      expect((await refresh({ host })).status).toBe(401);
      expect(await list(basic(tokenUser, tokens.refresh_token ?? ""), "team/app", host)).toBe(401);
    }
  });

  test("is not prolonged by being used", async () => {
    now += 11_000_000;
    const answer = read(
      await grant({
        grant_type: "refresh_token",
        refresh_token: tokens.refresh_token ?? "",
        access_type: "offline",
      }),
    );
    expect(answer.refresh_token).toBe(tokens.refresh_token);
    now += 600_000;
    // Its last access token ends with it.
    expect(read(await refresh()).expires_in).toBe(100);
    now += 100_000;
    expect((await refresh()).status).toBe(401);
  });

  const rid = () => guarded.registry.rid;
  test.each([
    ["all tokens were revoked", () => revokeAll(guarded.ports, rid())],
    [
      "its password was replaced",
      () => generateTokenPassword(guarded.ports, guarded.keys, rid(), "pusher", "password1"),
    ],
    ["its password was taken away", () => removeTokenPassword(guarded.ports, rid(), "pusher", "password1")],
    ["its user was switched off", () => updateToken(guarded.ports, rid(), "pusher", { status: "disabled" })],
    ["its user was deleted", () => deleteToken(guarded.ports, rid(), "pusher")],
    [
      "another user has the name",
      async () => {
        await deleteToken(guarded.ports, rid(), "pusher");
        now += 1;
        await guarded.addToken("pusher", "_repositories_admin");
      },
    ],
  ])("is over at once when %s, and its access tokens within half a minute", async (_, end) => {
    expect((await refresh()).status).toBe(200);
    expect(await list(`Bearer ${tokens.access_token}`)).toBe(404);
    await end();
    expect((await refresh()).status).toBe(401);
    now += 31_000;
    expect(await list(`Bearer ${tokens.access_token}`)).toBe(401);
    expect(await list(basic(tokenUser, tokens.refresh_token ?? ""))).toBe(401);
    expect(
      (await grant({ grant_type: "password", username: tokenUser, password: tokens.access_token })).status,
    ).toBe(401);
  });

  test("gets what its user may do now", async () => {
    await createScopeMap(guarded.ports, rid(), {
      name: "only-solo",
      actions: ["repositories/solo/*/content/read"],
    });
    await updateToken(guarded.ports, rid(), "pusher", { scopeMap: "only-solo" });
    expect(read(await refresh()).scope).toBe("");
    now += 31_000;
    expect(await list(`Bearer ${tokens.access_token}`)).toBe(401);
  });
});

describe("an access token as the password", () => {
  const login = (scopes: string[], more = {}) =>
    grant(
      { grant_type: "password", username: tokenUser, password: tokens.access_token, ...more },
      { scopes },
    );

  test("gets no more than it has", async () => {
    const { scope } = read(await login(["repository:*:*", "repository:solo/x:pull", "registry:catalog:*"]));
    expect(scope).toBe("repository:team/app:pull,push registry:catalog:*");
  });

  test("gets nothing that lives longer, however often", async () => {
    const end = decodeJwt(tokens.access_token).exp;
    let token = tokens.access_token;
    for (let step = 0; step < 3; step += 1) {
      now += 90_000;
      const next = read(await grant({ grant_type: "password", username: tokenUser, password: token }));
      token = next.access_token;
      expect(decodeJwt(token).exp).toBe(end);
      expect(next.expires_in).toBe(300 - 90 * (step + 1));
    }
    now += 30_000;
    expect((await grant({ grant_type: "password", username: tokenUser, password: token })).status).toBe(401);
  });

  test("gets no session", async () => {
    expect(read(await login([appScope], { access_type: "offline" })).refresh_token).toBeUndefined();
    const query = new URLSearchParams({ offline_token: "true", service: "localhost" });
    const answer = await guarded.send({
      method: "GET",
      target: `/oauth2/token?${query.toString()}`,
      headers: { authorization: basic(tokenUser, tokens.access_token) },
    });
    expect(read(answer).refresh_token).toBeUndefined();
  });

  test("is no refresh token", async () => {
    const answer = await grant({ grant_type: "refresh_token", refresh_token: tokens.access_token });
    expect(answer.status).toBe(401);
  });
});

describe("a password that expires", () => {
  test("ends its tokens and its sessions with it", async () => {
    const expiresAt = now + 100_000;
    const { password: other } = await generateTokenPassword(
      guarded.ports,
      guarded.keys,
      guarded.registry.rid,
      "pusher",
      "password2",
      expiresAt,
    );
    tokens = read(
      await grant({
        grant_type: "password",
        username: "pusher",
        password: other,
        access_type: "offline",
      }),
    );
    expect(tokens.expires_in).toBe(100);
    now += 99_000;
    expect((await refresh()).status).toBe(200);
    expect(await list(`Bearer ${tokens.access_token}`)).toBe(404);
    expect(await list(basic("pusher", other))).toBe(404);
    expect(await list(basic(tokenUser, tokens.refresh_token ?? ""))).toBe(404);
    now += 1_000;
    expect((await refresh()).status).toBe(401);
    expect(await list(`Bearer ${tokens.access_token}`)).toBe(401);
    expect(await list(basic("pusher", other))).toBe(401);
    expect(await list(basic(tokenUser, tokens.refresh_token ?? ""))).toBe(401);
  });
});

describe("scopes", () => {
  const both = "repository:team/app:pull,push";
  test.each([
    [["repository:team/app:*"], both],
    [["repository:team/app:pull,push,delete,metadata_read,metadata_write,*"], both],
    [["repository:*:*"], `${both} repository:solo/*:pull`],
    [["repository:*:pull"], "repository:team/app:pull repository:solo/*:pull"],
    [["repository:team/*:pull"], "repository:team/app:pull"],
    [["repository:team:pull"], ""],
    [["repository:team/app/*:pull"], ""],
    [["repository:team/ap:pull", "repository:team/app2:pull", "repository:team/app/sub:pull"], ""],
    [["repository:solo:pull", "repository:solo2:pull", "repository:solo/:pull"], ""],
    [["repository:solo/a/b:pull,push"], "repository:solo/a/b:pull"],
    [["repository:team/app:admin", "repository:team/app:PULL", "repository:team/app: pull"], ""],
    [["repository:team/app:", "repository:team/app", "repository::pull", ":team/app:pull", "::", ""], ""],
    [["repository(plugin):team/app:pull", "Repository:team/app:pull", "artifact:team/app:pull"], ""],
    [["registry:catalog:pull", "registry:*:*", "registry:catalog"], ""],
    [["registry:catalog:*", "registry:deleted_catalog:*"], "registry:catalog:* registry:deleted_catalog:*"],
    [["repository:team/app:pull repository:solo/x:pull"], "repository:team/app:pull repository:solo/x:pull"],
    [["repository:team/app:pull", "repository:team/app:push", "repository:team/app:pull"], both],
    [["repository:localhost:5000/team/app:pull", "repository:local/team/app:pull"], ""],
    [["repository:team:app:pull", "repository:team/app:pull:push"], ""],
    [["repository:team%2Fapp:pull", "repository:team%2fapp:pull"], ""],
    [["repository:solo/../team/app:pull", "repository:solo/..:pull", "repository:./team/app:pull"], ""],
    [["repository:/team/app:pull", "repository:team//app:pull", "repository:team/app/:pull"], ""],
    [["repository:solo/**:pull", "repository:solo/*/*:pull", "repository:s*:pull", "repository:**:pull"], ""],
    [["repository:team/аpp:pull", "repository:TEAM/app:pull", "repository:team/app\u200b:pull"], ""],
    [["repository:team/app\0:pull", "repository:team/app\n:pull"], ""],
    [[`repository:${"a".repeat(600)}:pull`, both], both],
    [[...Array.from({ length: 40 }, (_, index) => `repository:solo/a${index}:pull`), both], soloNames(32)],
    [[`${"x:y:z ".repeat(40)}${both}`], ""],
  ])("%j are worth %j", async (scopes, granted) => {
    const { status, body } = await grant(
      { grant_type: "password", username: "pusher", password },
      { scopes },
    );
    const answer = JSON.parse(body.toString()) as Tokens;
    expect([status, answer.scope]).toEqual([200, granted]);
    const { access } = decodeJwt<{ access: { type: string; name: string; actions: string[] }[] }>(
      answer.access_token,
    );
    expect(access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(",")}`).join(" ")).toBe(
      granted,
    );
  });
});

function soloNames(count: number): string {
  return Array.from({ length: count }, (_, index) => `repository:solo/a${index}:pull`).join(" ");
}
