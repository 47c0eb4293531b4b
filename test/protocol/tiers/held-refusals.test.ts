import { beforeEach, expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import { serve } from "../../../shared/http/serve.ts";
import { RateLimiter } from "../../../shared/tenancy/rate-limiter.ts";
import { RefusalPace } from "../../../shared/tenancy/refusal-pace.ts";
import { basic, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import { incoming, readReply } from "../harness/memory-registry.ts";
import type { Answer } from "../harness/registry.ts";

// Two registries of one process: `noisy`, which is asked far more than it may be, and `quiet`.

let now = Date.UTC(2026, 0, 1);
let guarded: GuardedRegistry;
/** Those who are held. */
let waiting: (() => void)[] = [];
/** For how long, in ms. */
let pauses: number[] = [];
let send: (target: string, headers: Readonly<Record<string, string>>, peer?: string) => Promise<Answer>;

beforeEach(async () => {
  guarded = await openGuardedRegistry({ now: () => now });
  await guarded.addRegistry("noisy");
  await guarded.addRegistry("quiet");
  waiting = [];
  pauses = [];
  const tiers = { ...usualTiers, Premium: { ...usualTiers.Premium, readsPerMinuteEach: 1 } };
  const clock = { now: () => now };
  const pause = async (millis: number) => {
    pauses.push(millis);
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
    });
  };
  const rates = new RateLimiter(tiers, 1, clock);
  const service = { ...guarded.service, rates, pace: new RefusalPace({ clock, pause }) };
  send = async (target, headers, peer) => {
    const from = peer === undefined ? {} : { peer };
    const call = { method: "GET", target, headers, body: undefined, streamed: false, ...from };
    return await readReply(await serve(service, incoming(call)));
  };
});

const tags = "/v2/app/tags/list";
const noisy = { host: "noisy.localhost" };
const quiet = { host: "quiet.localhost" };

/** Uses up what is answered at once. */
async function refuseMany(
  target: string,
  headers: Readonly<Record<string, string>>,
  status: number,
  count: number = limits.refusalsMax,
) {
  for (let n = 0; n < count; n++) expect((await send(target, headers)).status).toBeGreaterThanOrEqual(status);
  expect(waiting).toHaveLength(0);
}

async function isHeld(answer: Promise<Answer>): Promise<Answer> {
  await expect.poll(() => waiting.length).toBe(1);
  waiting.pop()?.();
  return await answer;
}

test.each([
  ["without login", tags, {}, 401],
  ["with a wrong password", tags, { authorization: basic("somebody", "wrong") }, 401],
  ["for tokens, with a wrong password", "/oauth2/token", { authorization: basic("some", "wrong") }, 401],
] as const)(
  "refusals of one registry's requests %s are held when there are many, and no other's are",
  async (_, target, headers, status) => {
    await refuseMany(target, { ...noisy, ...headers }, status);
    await isHeld(send(target, { ...noisy, ...headers }));
    expect((await send(target, { ...quiet, ...headers })).status).toBe(status);
    expect((await send(tags, quiet)).status).toBe(401);
  },
);

test("a request over the limit is held as well, and told to come back so much earlier", async () => {
  const authorization = basic("administrator", guarded.administrator);
  expect((await send(tags, { ...noisy, authorization })).status).toBe(404);
  expect((await send(tags, { ...noisy, authorization })).headers["retry-after"]).toBe("60");
  await refuseMany(tags, noisy, 401, limits.refusalsMax - 1);
  const held = await isHeld(send(tags, { ...noisy, authorization }));
  expect([held.status, held.headers["retry-after"]]).toEqual([429, "59"]);
});

test("what is let in is never held, whatever comes of it", async () => {
  await refuseMany(tags, noisy, 401);
  const authorization = basic("administrator", guarded.administrator);
  expect((await send(tags, { ...noisy, authorization })).status).toBe(404);
  const unknown = "/subscriptions/none/providers/Microsoft.ContainerRegistry/registries";
  for (let n = 0; n <= limits.refusalsMax; n++)
    expect((await send(unknown, { host: "localhost", authorization })).status).toBe(400);
  expect(waiting).toHaveLength(0);
});

test("whoever asks for registries that do not exist is held, and keeps nobody else waiting", async () => {
  await refuseMany(tags, { host: "absent.localhost" }, 404);
  await isHeld(send(tags, { host: "another.localhost" }));
  await isHeld(send("/no/such/route", quiet));
  expect((await send(tags, quiet)).status).toBe(401);
});

test("whoever comes from another network than they who are held is told at once how to log in", async () => {
  const stranger = "203.0.113.9";
  for (let n = 0; n < limits.networkShareMax + limits.refusalsMax; n += 1) await send(tags, noisy, stranger);
  await isHeld(send("/v2/", noisy, stranger));
  const { status, headers } = await send("/v2/", noisy, "203.0.113.10");
  expect([status, headers["www-authenticate"]]).toEqual([401, expect.stringContaining("Bearer realm=")]);
  expect((await send("/v2/", { host: "absent.localhost" }, stranger)).status).toBe(404);
});

test("so many are answered at once every second after that", async () => {
  await refuseMany(tags, noisy, 401);
  now += 1_000;
  for (let n = 0; n < limits.refusalsPerSecondMax; n++) await send(tags, noisy);
  expect(waiting).toHaveLength(0);
  await isHeld(send(tags, noisy));
});

test("no more are held than there is room for", async () => {
  await refuseMany(tags, noisy, 401);
  const held = Array.from({ length: limits.refusalsHeldMax }, async () => await send(tags, noisy));
  await expect.poll(() => waiting.length).toBe(limits.refusalsHeldMax);
  expect((await send(tags, noisy)).status).toBe(401);
  // They come back one by one, not all at once.
  const ends = pauses.toSorted((a, b) => a - b);
  expect([ends[0], ends.at(-1)]).toEqual([500, 1_500]);
  expect(Math.max(...ends.slice(1).map((end, index) => end - (ends[index] ?? 0)))).toBeLessThanOrEqual(2);
  for (const release of waiting) release();
  expect(new Set((await Promise.all(held)).map(({ status }) => status))).toEqual(new Set([401]));
});
