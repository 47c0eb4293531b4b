import { beforeEach, describe, expect, test } from "vitest";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import { type TierFigures, usualTiers } from "../../../shared/domain/tiers/table.ts";
import { serve } from "../../../shared/http/serve.ts";
import { createToken } from "../../../shared/identity/manage/tokens/create-token.ts";
import { RateLimiter } from "../../../shared/tenancy/rate-limiter.ts";
import { absentDigest } from "../harness/content.ts";
import { basic, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import { incoming, readReply } from "../harness/memory-registry.ts";
import type { Answer } from "../harness/registry.ts";

const start = Date.UTC(2026, 0, 1);
let now = start;
let guarded: GuardedRegistry;
let passwords: { readonly password1?: string; readonly password2?: string };
beforeEach(async () => {
  now = start;
  guarded = await openGuardedRegistry({ now: () => now });
  ({ passwords } = await createToken(guarded.ports, guarded.keys, guarded.registry.rid, {
    name: "builder",
    scopeMap: "_repositories_admin",
    passwords: ["password1", "password2"],
  }));
});

/** Answers requests of a Premium registry with these figures. */
function answering(figures: Partial<TierFigures>) {
  const tiers = { ...usualTiers, Premium: { ...usualTiers.Premium, ...figures } };
  const service = { ...guarded.service, rates: new RateLimiter(tiers, 1, { now: () => now }) };
  return async (
    method: string,
    target: string,
    password: string | undefined,
    username = "builder",
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => {
    const authorization: Record<string, string> =
      password === undefined ? {} : { authorization: basic(username, password) };
    const call = {
      method,
      target,
      body: undefined,
      streamed: false,
      headers: { ...authorization, ...headers },
    };
    return await readReply(await serve(service, incoming(call)));
  };
}

const tags = "/v2/app/tags/list";

/** One request at once, and the next after ten seconds. */
const oneInTen = 6;
const unlimited = 1e9;

describe("a request over what the tier allows a minute", () => {
  test("gets 429 with when to come back, the limit, the tier and what would lift it", async () => {
    const send = answering({ readsPerMinuteEach: oneInTen });
    expect((await send("GET", "/v2/", passwords.password1)).status).toBe(200);
    const refused = await send("GET", "/v2/", passwords.password1);
    expect(refused.status).toBe(429);
    expect(refused.headers["retry-after"]).toBe("10");
    expect(JSON.parse(refused.body.toString())).toEqual({
      errors: [
        {
          code: "TOOMANYREQUESTS",
          message: "tier Premium allows 6 reads a minute by one identity; Basic allows 5,000, Standard 5,000",
          detail: { tier: "Premium", figure: "readsPerMinuteEach", limit: 6 },
        },
      ],
    });
    now += 4_000;
    expect((await send("GET", "/v2/", passwords.password1)).headers["retry-after"]).toBe("6");
    now += 6_000;
    expect((await send("GET", "/v2/", passwords.password1)).status).toBe(200);
  });

  test("is one by the same identity, whichever of its passwords it comes with", async () => {
    const send = answering({ readsPerMinuteEach: oneInTen });
    expect((await send("GET", tags, passwords.password1)).status).toBe(404);
    expect((await send("GET", tags, passwords.password2)).status).toBe(429);
    expect((await send("GET", tags, passwords.password2, "BUILDER")).status).toBe(429);
    expect((await send("GET", tags, guarded.administrator, "administrator")).status).toBe(404);
  });

  test.each([
    ["POST", "/v2/app/blobs/uploads/", "writesPerMinuteEach", 202],
    ["DELETE", `/v2/app/blobs/${absentDigest}`, "deletesPerMinuteEach", 404],
    ["GET", `/v2/app/referrers/${absentDigest}`, "referrersPerMinuteEach", 200],
    ["HEAD", `/v2/app/blobs/${absentDigest}`, "readsPerMinuteEach", 404],
    ["GET", "/acr/v1/_catalog", "readsPerMinuteEach", 200],
  ] as const)("is one of its kind: %s %s", async (method, target, figure, status) => {
    const send = answering({ [figure]: oneInTen });
    expect((await send(method, target, passwords.password1)).status).toBe(status);
    expect((await send(method, target, passwords.password1)).status).toBe(429);
    const others = answering({
      writesPerMinuteEach: oneInTen,
      deletesPerMinuteEach: oneInTen,
      referrersPerMinuteEach: oneInTen,
      // Lists of referrers are reads too.
      readsPerMinuteEach: target.includes("/referrers/") ? unlimited : oneInTen,
      [figure]: unlimited,
    });
    for (let n = 0; n < 5; n++)
      expect((await others(method, target, passwords.password1)).status).toBe(status);
  });

  test("is one to the token service, before anybody has logged in", async () => {
    const send = answering({ tokenRequestsPerMinute: oneInTen });
    const target = "/oauth2/token?scope=repository:app:pull";
    expect((await send("GET", target, passwords.password1)).status).toBe(200);
    const refused = await send("GET", target, guarded.administrator, "administrator");
    expect(refused.status).toBe(429);
    expect(refused.headers["retry-after"]).toBe("10");
    expect((await send("GET", tags, passwords.password1)).status).toBe(404);
  });

  test("is no other registry's", async () => {
    await ensureRegistry(guarded.ports, "quiet" as RegistryName, { sparseManifests: false });
    const send = answering({ readsPerMinute: oneInTen });
    expect((await send("GET", tags, passwords.password1)).status).toBe(404);
    expect((await send("GET", tags, guarded.administrator, "administrator")).status).toBe(429);
    const host = { host: "quiet.localhost" };
    expect((await send("GET", tags, guarded.administrator, "administrator", host)).status).toBe(404);
  });

  test("counts only when the caller may make it", async () => {
    const send = answering({ readsPerMinute: oneInTen });
    for (let n = 0; n < 5; n++) {
      expect((await send("GET", tags, undefined)).status).toBe(401);
      expect((await send("GET", tags, "wrong")).status).toBe(401);
    }
    expect((await send("GET", tags, passwords.password1)).status).toBe(404);
  });
});
