import { beforeEach, describe, expect, test } from "vitest";
import { tokenUser } from "../../../shared/identity/credentials.ts";
import { resetAdministrator } from "../../../shared/identity/manage/users/administrator.ts";
import { basic, bearer, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";

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
