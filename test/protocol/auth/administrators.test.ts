import { beforeEach, describe, expect, test } from "vitest";
import { tokenUser } from "../../../shared/identity/credentials.ts";
import { resetAdministrator } from "../../../shared/identity/manage/users/administrator.ts";
import { disableAdminUser } from "../../../shared/identity/manage/users/disable-admin-user.ts";
import { enableAdminUser } from "../../../shared/identity/manage/users/enable-admin-user.ts";
import { regenerateAdminPassword } from "../../../shared/identity/manage/users/regenerate-admin-password.ts";
import {
  askForToken,
  basic,
  bearer,
  type GuardedRegistry,
  openGuardedRegistry,
} from "../harness/guarded-registry.ts";

let now: number;
let guarded: GuardedRegistry;
beforeEach(async () => {
  now = Date.UTC(2031, 1, 3);
  guarded = await openGuardedRegistry({ now: () => now });
});

async function list(registry: GuardedRegistry, authorization: string): Promise<number> {
  const target = "/v2/team/app/tags/list";
  return (await registry.send({ method: "GET", target, headers: { authorization } })).status;
}

describe("the administrator's access token", () => {
  test.each([
    ["itself", (token: string) => token],
    ["the password", (token: string) => basic(tokenUser, token.slice("Bearer ".length))],
  ])("is, as %s, worthless half a minute after he has got another password", async (_, use) => {
    const login = basic("administrator", guarded.administrator);
    const authorization = use(await bearer(guarded, login, "repository:*:*"));
    expect(await list(guarded, authorization)).toBe(404);
    await resetAdministrator(guarded.ports, guarded.keys);
    now += 31_000;
    expect(await list(guarded, authorization)).toBe(401);
    expect(await list(guarded.another(), authorization)).toBe(401);
  });
});

describe("the admin user of a registry", () => {
  const login = ({ password1 }: { readonly password1: string }) => basic("local", password1);

  async function sessionOf(authorization: string): Promise<string> {
    const [username = "", password = ""] = Buffer.from(authorization.slice(6), "base64")
      .toString()
      .split(":");
    const form = new URLSearchParams({ grant_type: "password", access_type: "offline", username, password });
    const { body } = await guarded.send({
      method: "POST",
      target: "/oauth2/token",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: [Buffer.from(form.toString())],
    });
    const { refresh_token: refreshToken = "" } = JSON.parse(body.toString()) as { refresh_token?: string };
    return basic(tokenUser, refreshToken);
  }

  const rid = () => guarded.registry.rid;
  test.each([
    ["is disabled", () => disableAdminUser(guarded.ports, rid())],
    [
      "is disabled and enabled",
      async () => {
        await disableAdminUser(guarded.ports, rid());
        const again = login(await enableAdminUser(guarded.ports, guarded.keys, rid()));
        expect(await list(guarded, again)).toBe(404);
      },
    ],
    [
      "has got another password",
      () => regenerateAdminPassword(guarded.ports, guarded.keys, rid(), "password1"),
    ],
  ])("is out, with his sessions and tokens, when he %s", async (_, end) => {
    const authorization = login(await enableAdminUser(guarded.ports, guarded.keys, rid()));
    const ways = [
      authorization,
      await sessionOf(authorization),
      await bearer(guarded, authorization, "repository:*:*"),
    ];
    for (const way of ways) expect(await list(guarded, way)).toBe(404);
    await end();
    now += 31_000;
    for (const way of ways) expect(await list(guarded, way)).toBe(401);
    for (const way of ways.slice(0, 2)) {
      expect((await askForToken(guarded.another(), way, ["repository:*:*"])).status).toBe(401);
    }
  });

  test("is nobody in another registry", async () => {
    const { password1 } = await enableAdminUser(guarded.ports, guarded.keys, rid());
    await guarded.addRegistry("other1");
    for (const username of ["local", "other1"]) {
      const { status } = await guarded.send({
        method: "GET",
        target: "/v2/",
        headers: { authorization: basic(username, password1), host: "other1.localhost" },
      });
      expect(status).toBe(401);
    }
  });
});
