import { beforeEach, describe, expect, test } from "vitest";
import { type Calls, countingPorts, noCalls } from "../../../bench/counting-ports.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { serve } from "../../../shared/http/serve.ts";
import { tokenUser } from "../../../shared/identity/credentials.ts";
import { Identity } from "../../../shared/identity/identity.ts";
import { generateTokenPassword } from "../../../shared/identity/manage/tokens/generate-token-password.ts";
import { enableAdminUser } from "../../../shared/identity/manage/users/enable-admin-user.ts";
import { RegistryDirectory } from "../../../shared/tenancy/registry-directory.ts";
import {
  askForToken,
  basic,
  bearer,
  type GuardedRegistry,
  openGuardedRegistry,
} from "../harness/guarded-registry.ts";
import { incoming, readReply } from "../harness/memory-registry.ts";
import type { Answer } from "../harness/registry.ts";

let now: number;
let guarded: GuardedRegistry;
let reader: string;
/** What was asked of the database since the last reset. */
let calls: Calls;
beforeEach(async () => {
  now = Date.UTC(2031, 1, 3);
  guarded = counted(await openGuardedRegistry({ now: () => now }));
  reader = basic("reader", await guarded.addToken("reader", "_repositories_pull"));
  await guarded.addRegistry("other1");
  calls = noCalls();
});

async function nobodyComes(): Promise<never> {
  return await Promise.reject(new Error("nobody comes by another issuer"));
}

/** An instance whose calls of the database are counted. */
function counted(registry: GuardedRegistry): GuardedRegistry {
  const ports = countingPorts(registry.ports, () => calls);
  const identity = new Identity(
    ports,
    registry.keys,
    { principalOf: nobodyComes, memberOf: nobodyComes },
    {
      domain: "localhost",
      accessTokenSeconds: 300,
      refreshTokenSeconds: 11_700,
      assignments: [],
      resourceGroup: "portolan",
    },
  );
  const service = { ...registry.service, ports, identity, registries: new RegistryDirectory(ports) };
  return {
    ...registry,
    service,
    send: async (call) =>
      await readReply(
        await serve(service, incoming({ body: undefined, streamed: false, headers: {}, ...call })),
      ),
  };
}

const get = async (target: string, authorization: string, host = "localhost"): Promise<Answer> =>
  await guarded.send({ method: "GET", target, headers: { authorization, host } });

const attempts = 10_000;
/** Ways of trying a password, each time another one. */
const ways: readonly (readonly [string, (attempt: number) => Promise<Answer>])[] = [
  ["a password on the registry", (attempt) => get("/v2/", basic("reader", `wrong-${attempt}`))],
  [
    "a password at the token service",
    (attempt) => askForToken(guarded, basic("reader", `wrong-${attempt}`), []),
  ],
  ["names of users", (attempt) => get("/v2/", basic(`user-${attempt}`, "wrong"))],
  ["the administrator's password", (attempt) => get(arm, basic("administrator", `wrong-${attempt}`))],
  [
    "a password by a form",
    (attempt) =>
      post("/oauth2/token", { grant_type: "password", username: "reader", password: `wrong-${attempt}` }),
  ],
];
const arm =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local?api-version=2025-04-01";

async function post(target: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
  return await guarded.send({
    method: "POST",
    target,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: [Buffer.from(new URLSearchParams(fields).toString())],
  });
}

describe.each(ways)("whoever tries %s again and again", (_, attempt) => {
  test("is told to wait, has nothing written, and few documents read", async () => {
    const statuses = new Map<number, number>();
    for (let count = 0; count < attempts; count += 1) {
      const { status, headers } = await attempt(count);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 429) expect(headers["retry-after"]).toBe("1");
    }
    const answered = limits.failedLoginsMax;
    expect([...statuses]).toEqual([
      [401, answered],
      [429, attempts - answered],
    ]);
    expect(calls).toMatchObject({ commits: 0, operations: 0, sessionWrites: 0, documentLists: 0 });
    expect(calls.documentReads).toBeLessThanOrEqual(2 * answered + 3);
  });
});

/** The refresh token of a session that the reader begins with his password. */
async function newSession(): Promise<string> {
  const answer = await post("/oauth2/token", {
    grant_type: "password",
    access_type: "offline",
    username: "reader",
    password: Buffer.from(reader.slice(6), "base64").toString().slice("reader:".length),
  });
  const { refresh_token: refreshToken = "" } = JSON.parse(answer.body.toString()) as Record<string, string>;
  return refreshToken;
}

describe("while somebody tries passwords", () => {
  const flood = async () => {
    for (let count = 0; count <= limits.failedLoginsMax; count += 1)
      await get("/v2/", basic("reader", `wrong-${count}`));
    expect((await get("/v2/", basic("reader", "wrong"))).status).toBe(429);
  };

  test("whoever has logged in before goes on, by password and by token", async () => {
    const refreshToken = await newSession();
    const byRefresh = () =>
      post("/oauth2/token", { grant_type: "refresh_token", refresh_token: refreshToken });
    expect((await byRefresh()).status).toBe(200);
    const token = await bearer(guarded, reader, "repository:team/app:pull");
    await flood();
    for (const authorization of [reader, token]) {
      expect((await get("/v2/", authorization)).status).toBe(200);
    }
    expect((await askForToken(guarded, reader, ["repository:team/app:pull"])).status).toBe(200);
    expect((await byRefresh()).status).toBe(200);
    // Also after what is known of him has to be looked up again.
    now += limits.verifiedSeconds * 1000;
    for (let count = 0; count <= limits.failedLoginsPerSecondMax * limits.verifiedSeconds; count += 1)
      await get("/v2/", basic("reader", `wrong-${count}`));
    expect((await get("/v2/", basic("reader", "wrong"))).status).toBe(429);
    expect((await get("/v2/", reader)).status).toBe(200);
    expect((await askForToken(guarded, reader, ["repository:team/app:pull"])).status).toBe(200);
  });

  test("whoever has a session goes on, though it was never used here", async () => {
    const sessions: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      sessions.push(await newSession());
    }
    await flood();
    const [one = "", two = ""] = sessions;
    const answer = await post("/oauth2/token", { grant_type: "refresh_token", refresh_token: one });
    expect(answer.status).toBe(200);
    expect((await get("/v2/", basic(tokenUser, two))).status).toBe(200);
    // The name of its user does not make a password a token.
    expect((await get("/v2/", basic("reader", two))).status).toBe(429);
    const foreign = { grant_type: "access_token", access_token: `${two}x` };
    expect((await post("/oauth2/exchange", foreign)).status).toBe(429);
  });

  test("nobody's tokens are given, and other registries answer", async () => {
    await flood();
    expect((await askForToken(guarded, undefined, [])).status).toBe(200);
    expect((await get("/v2/", basic("reader", "wrong"), "other1.localhost")).status).toBe(401);
  });

  test("whose password was good once is told to wait like anybody else", async () => {
    expect((await get("/v2/", reader)).status).toBe(200);
    const { ports, keys, registry } = guarded;
    await generateTokenPassword(ports, keys, registry.rid, "reader", "password1");
    now += limits.verifiedSeconds * 1000;
    for (let count = 0; count <= limits.failedLoginsMax; count += 1)
      expect((await get("/v2/", reader)).status).toBe(401);
    expect((await get("/v2/", reader)).status).toBe(429);
  });

  test("he may try again in a moment", async () => {
    await flood();
    now += 1000;
    for (let count = 0; count < limits.failedLoginsPerSecondMax; count += 1)
      expect((await get("/v2/", basic("reader", "wrong"))).status).toBe(401);
    expect((await get("/v2/", basic("reader", "wrong"))).status).toBe(429);
  });

  test("many at once are bounded as well, and those that are let in count for nothing", async () => {
    const right = Array.from({ length: limits.failedLoginsMax }, async () => await get("/v2/", reader));
    for (const { status } of await Promise.all(right)) expect(status).toBe(200);
    const wrong = Array.from({ length: 2 * limits.failedLoginsMax }, async (_, count) => {
      return (await get("/v2/", basic("reader", `wrong-${count}`))).status;
    });
    const statuses = await Promise.all(wrong);
    expect(statuses.filter((status) => status === 401)).toHaveLength(limits.failedLoginsMax);
  });
});

describe("whether a user exists", () => {
  test.each(["/v2/", "/oauth2/token"])("cannot be told from what is read at %s", async (target) => {
    await guarded.addToken("second-reader", "_repositories_pull");
    await enableAdminUser(guarded.ports, guarded.keys, guarded.registry.rid);
    await get(target, basic("first-look", "wrong"));
    const reads = new Map<string, number>();
    for (const user of ["reader", "second-reader", "nobody-here", "local", "administrator"]) {
      calls = noCalls();
      const answer = await get(target, basic(user, "wrong"));
      expect([answer.status, answer.body.toString()]).toEqual([
        401,
        '{"errors":[{"code":"UNAUTHORIZED","message":"the user name or the password is wrong"}]}',
      ]);
      reads.set(user, calls.documentReads);
    }
    expect(new Set(reads.values()).size).toBe(1);
  });

  test("cannot be told, and nobody is kept out, while the key store is away", async () => {
    await get("/v2/", reader);
    now += limits.keyStaleSecondsMax * 1000;
    guarded.keyStore.away = true;
    const { reads } = guarded.keyStore;
    for (let seconds = 0; seconds < 60; seconds += 1) {
      now += 1000;
      expect((await get("/v2/", basic("reader", "wrong"))).status).toBe(401);
      expect((await get("/v2/", basic("nobody-here", "wrong"))).status).toBe(401);
      expect((await get("/v2/", reader)).status).toBe(200);
    }
    expect(guarded.keyStore.reads - reads).toBeLessThanOrEqual(60 / limits.keyRereadSeconds + 1);
  });

  test("does not have the key store asked", async () => {
    await get("/v2/", reader);
    const { reads } = guarded.keyStore;
    now += limits.keyRereadSeconds * 1000;
    await get("/v2/", basic("nobody-here", "wrong"));
    await get("/v2/", basic("reader", "wrong"));
    expect(guarded.keyStore.reads).toBe(reads);
  });
});
