import { beforeEach, expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import { serve } from "../../../shared/http/serve.ts";
import { RateLimiter } from "../../../shared/tenancy/rate-limiter.ts";
import {
  askForToken,
  basic,
  type GuardedRegistry,
  openGuardedRegistry,
} from "../harness/guarded-registry.ts";
import { incoming, readReply } from "../harness/memory-registry.ts";

// Strangers, who ask as fast as they are answered, keep out nobody but themselves.

let now: number;
let guarded: GuardedRegistry;
let reader: string;
beforeEach(async () => {
  now = Date.UTC(2031, 1, 3);
  guarded = await openGuardedRegistry({ now: () => now });
  reader = basic("reader", await guarded.addToken("reader", "_repositories_pull"));
});

const arm =
  "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.ContainerRegistry/registries?api-version=2025-04-01";

async function login(authorization: string, peer?: string, target = "/v2/"): Promise<number> {
  const call = { method: "GET", target, headers: { authorization }, ...(peer === undefined ? {} : { peer }) };
  return (await guarded.send(call)).status;
}

/** Wrong passwords, until no more are looked up. */
async function flood(peer: string | undefined, target?: string): Promise<void> {
  let status = 401;
  for (let n = 0; status === 401 && n <= 2 * limits.failedLoginsMax; n += 1)
    status = await login(basic("reader", `wrong-${n}`), peer, target);
  expect(status).toBe(429);
}

test("of a registry do not keep the administrator from the management API, nor the other way round", async () => {
  await flood(undefined);
  const administrator = basic("administrator", guarded.administrator);
  expect(await login(administrator)).toBe(429);
  expect(await login(administrator, undefined, arm)).toBe(200);
  guarded = guarded.another();
  await flood(undefined, arm);
  expect(await login(administrator, undefined, arm)).toBe(429);
  expect(await login(administrator)).toBe(200);
});

test.each([
  ["an address", "203.0.113.9", "203.0.113.10"],
  ["a network of IPv6", "2001:db8:1:2::3", "2001:db8:2:2::3"],
  ["an address mapped into IPv6", "::ffff:203.0.113.9", "203.0.113.10"],
] as const)("who come from %s keep out nobody who comes from another", async (_, stranger, owner) => {
  await flood(stranger);
  expect(await login(reader, stranger)).toBe(429);
  expect(await login(reader, owner)).toBe(200);
  expect((await askForToken(guarded, reader, [])).status).toBe(200);
  guarded = guarded.another();
  await flood(stranger, arm);
  const administrator = basic("administrator", guarded.administrator);
  expect(await login(administrator, stranger, arm)).toBe(429);
  expect(await login(administrator, owner, arm)).toBe(200);
});

test("are told from others by their network, and not by the address that they choose in it", async () => {
  for (const [one, other] of [
    ["203.0.113.9", "::ffff:203.0.113.9"],
    ["2001:db8:1::1", "2001:0db8:1:ffff::2"],
    ["::1", "0:0:0::2"],
  ] as const) {
    guarded = guarded.another();
    await flood(one);
    expect(await login(reader, other)).toBe(429);
  }
});

test("are bounded wherever they come from", async () => {
  const statuses: number[] = [];
  for (let n = 0; n < 3 * limits.failedLoginsMax; n += 1)
    statuses.push(await login(basic("reader", `wrong-${n}`), `198.51.${n >> 8}.${n & 255}`));
  expect(statuses.filter((status) => status === 401)).toHaveLength(limits.failedLoginsMax);
});

test("have their share again after a while", async () => {
  await flood("203.0.113.9");
  expect(await login(reader, "203.0.113.9")).toBe(429);
  now += 1_000 / limits.networkSharePerSecondMax;
  expect(await login(reader, "203.0.113.9")).toBe(200);
});

test("who turn out to be no strangers have used up nothing", async () => {
  // Spelled otherwise, the same password is one that nobody here has seen.
  for (let n = 1; n <= 2 * limits.networkShareMax; n += 1)
    expect(await login(reader.replace(" ", " ".repeat(n)), "203.0.113.9")).toBe(200);
  await flood("203.0.113.10");
  for (let n = 0; n < limits.networkShareMax; n += 1)
    expect(await login(basic("reader", `mistyped-${n}`), "203.0.113.9")).toBe(401);
  expect(await login(basic("reader", "mistyped"), "203.0.113.9")).toBe(429);
});

test("who ask for tokens as fast as they can keep out nobody who comes from another network", async () => {
  const rates = new RateLimiter(usualTiers, 1, { now: () => now });
  const service = { ...guarded.service, rates };
  const ask = async (authorization: string | undefined, peer: string) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const call = { method: "GET", target: "/oauth2/token", headers, body: undefined, streamed: false, peer };
    return (await readReply(await serve(service, incoming(call)))).status;
  };
  const allowed = (usualTiers.Premium.tokenRequestsPerMinute * limits.burstSeconds) / 60;
  let answered = 0;
  while ((await ask(undefined, "203.0.113.9")) === 200) answered += 1;
  expect(await ask(reader, "203.0.113.9")).toBe(429);
  expect(await ask(reader, "203.0.113.10")).toBe(200);
  // From wherever they come, all together get little more than is allowed.
  for (let n = 0; n < allowed; n += 1)
    if ((await ask(undefined, `198.51.${n >> 8}.${n & 255}`)) === 200) answered += 1;
  expect(answered).toBeGreaterThan(allowed);
  expect(answered).toBeLessThanOrEqual(allowed * 1.05);
});
