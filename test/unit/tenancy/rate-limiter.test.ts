import { describe, expect, test } from "vitest";
import { RegistryError } from "../../../shared/domain/errors.ts";
import {
  type Tier,
  type TierFigures,
  type TierTable,
  tiers,
  usualTiers,
} from "../../../shared/domain/tiers/table.ts";
import { ManualClock } from "../../../shared/memory/world.ts";
import { RateLimiter, type RequestKind } from "../../../shared/tenancy/rate-limiter.ts";

const registry: { readonly rid: string; readonly tier: Tier } = { rid: "one", tier: "Basic" };
const minute = 60_000;

function open(table: TierTable = usualTiers, instances = 1) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const limiters = Array.from({ length: instances }, () => new RateLimiter(table, instances, clock));
  return { clock, limiter: limiters[0] as RateLimiter, limiters };
}

function refusalOf(
  limiter: RateLimiter,
  kind: RequestKind,
  identity = "a",
  of = registry,
): RegistryError | undefined {
  try {
    limiter.admit(of, identity, kind);
    return undefined;
  } catch (error) {
    if (error instanceof RegistryError) return error;
    throw error;
  }
}

/** Of as many as come at once. */
function firstRefusal(...asked: Parameters<typeof refusalOf>): RegistryError | undefined {
  for (let n = 0; n < 10; n++) {
    const refusal = refusalOf(...asked);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const admits = (...asked: Parameters<typeof refusalOf>) => refusalOf(...asked) === undefined;

/** Long enough that what may come at once is less than 5 % of it. */
const minutes = 4;

/** How many are let through in so many minutes of what is asked for steadily, a quarter more than is allowed. */
function admittedIn(clock: ManualClock, perMinute: number, ask: (n: number) => boolean): number {
  let admitted = 0;
  const asked = 1.25 * perMinute * minutes;
  for (let n = 0; n < asked; n++) {
    if (ask(n)) admitted += 1;
    clock.advance(minute / (1.25 * perMinute));
  }
  return admitted;
}

function only(figures: Partial<TierFigures>): TierTable {
  return { ...usualTiers, Basic: { ...usualTiers.Basic, ...figures } };
}

/** Kinds, with the figures that bound them. */
const kinds = [
  ["read", "readsPerMinute", "reads"],
  ["write", "writesPerMinute", "writes"],
  ["delete", "deletesPerMinute", "deletes"],
  ["referrers", "referrersPerMinute", "lists of referrers"],
] as const;

describe.each(tiers)("a registry of tier %s", (tier) => {
  const of = { rid: "one", tier };

  test.each(kinds)("has as many requests of kind %s as its tier allows, within 5 %", (kind, figure, what) => {
    const each = usualTiers[tier][`${figure}Each`];
    const one = open();
    const ofOne = admittedIn(one.clock, each, () => admits(one.limiter, kind, "a", of));
    expect(ofOne).toBeGreaterThanOrEqual(each * minutes);
    expect(ofOne / (each * minutes)).toBeLessThan(1.05);
    expect(firstRefusal(one.limiter, kind, "a", of)?.message).toMatch(
      `tier ${tier} allows ${each.toLocaleString("en")} ${what} a minute by one identity; `,
    );

    const whole = usualTiers[tier][figure];
    const all = open();
    const ofAll = admittedIn(all.clock, whole, (n) => admits(all.limiter, kind, `user ${n % 5}`, of));
    expect(ofAll).toBeGreaterThanOrEqual(whole * minutes);
    expect(ofAll / (whole * minutes)).toBeLessThan(1.05);
    expect(firstRefusal(all.limiter, kind, "somebody else", of)?.message).toMatch(
      `tier ${tier} allows ${whole.toLocaleString("en")} ${what} a minute; `,
    );
  });

  test("has as many token requests as its tier allows, whoever makes them", () => {
    const { clock, limiter } = open();
    const allowed = usualTiers[tier].tokenRequestsPerMinute;
    const admitted = admittedIn(clock, allowed, () => admits(limiter, "token", "a", of));
    expect(admitted / (allowed * minutes)).toBeGreaterThanOrEqual(1);
    expect(admitted / (allowed * minutes)).toBeLessThan(1.05);
  });
});

describe("requests", () => {
  test("may come at once as far as ten seconds of them go, and be there again ten seconds later", () => {
    const { clock, limiter } = open(only({ readsPerMinuteEach: 60 }));
    const burst = () => Array.from({ length: 100 }, () => admits(limiter, "read")).filter(Boolean).length;
    expect(burst()).toBe(10);
    clock.advance(1_000);
    expect(burst()).toBe(1);
    clock.advance(3_600_000);
    expect(burst()).toBe(10);
  });

  test("that are refused are told when to come back, which counts down and is true", () => {
    const { clock, limiter } = open(only({ writesPerMinuteEach: 2 }));
    expect(admits(limiter, "write")).toBe(true);
    const told: unknown[] = [];
    for (let second = 0; second < 30; second++) {
      told.push(refusalOf(limiter, "write")?.headers["Retry-After"]);
      clock.advance(1_000);
    }
    expect(told).toEqual(Array.from({ length: 30 }, (_, second) => String(30 - second)));
    expect(admits(limiter, "write")).toBe(true);
  });

  test("that are refused get the limit, the tier and what would lift it", () => {
    const { limiter } = open(only({ deletesPerMinuteEach: 1 }));
    limiter.admit(registry, "a", "delete");
    expect(refusalOf(limiter, "delete")).toMatchObject({
      code: "TOOMANYREQUESTS",
      status: 429,
      message: "tier Basic allows 1 deletes a minute by one identity; Standard allows 500, Premium 2,000",
      detail: { tier: "Basic", figure: "deletesPerMinuteEach", limit: 1 },
    });
  });

  test("of each kind are counted for themselves, but that lists of referrers are reads too", () => {
    const { limiter } = open(
      only({ readsPerMinuteEach: 18, referrersPerMinuteEach: 12, writesPerMinuteEach: 6 }),
    );
    const two = [admits(limiter, "referrers"), admits(limiter, "referrers")];
    expect(two).toEqual([true, true]);
    expect(refusalOf(limiter, "referrers")?.message).toContain("12 lists of referrers");
    expect(admits(limiter, "read")).toBe(true);
    expect(refusalOf(limiter, "read")?.message).toContain("18 reads a minute by one identity");
    expect(admits(limiter, "write")).toBe(true);
    expect(admits(limiter, "write")).toBe(false);
    expect(admits(limiter, "delete")).toBe(true);

    const reads = open(only({ readsPerMinuteEach: 6 }));
    expect(admits(reads.limiter, "read")).toBe(true);
    expect(refusalOf(reads.limiter, "referrers")?.message).toContain("6 reads");
  });

  test("that are refused use nothing up", () => {
    const { clock, limiter } = open(only({ readsPerMinuteEach: 6 }));
    for (let n = 0; n < 1_000; n++) admits(limiter, "read");
    clock.advance(10_000);
    expect(admits(limiter, "read")).toBe(true);
  });

  test("are let through where the clock is set back", () => {
    const { clock, limiter } = open();
    for (let n = 0; n < 100; n++) limiter.admit(registry, "a", "read");
    clock.advance(-500);
    expect(admits(limiter, "read")).toBe(true);
  });
});

test("four instances that know nothing of each other let through together what one does", () => {
  const { clock, limiters } = open(usualTiers, 4);
  const allowed = usualTiers.Basic.writesPerMinuteEach;
  const admitted = admittedIn(clock, allowed, (n) => admits(limiters[n % 4] as RateLimiter, "write"));
  expect(admitted).toBeGreaterThanOrEqual(allowed * minutes);
  expect(admitted / (allowed * minutes)).toBeLessThan(1.05);
  const one = limiters[0] as RateLimiter;
  const ofOne = admittedIn(clock, allowed, () => admits(one, "write"));
  expect(ofOne / ((allowed * minutes) / 4)).toBeLessThan(1.05);
});

test("a noisy registry does not touch a quiet one, and a noisy user of one not the others", () => {
  const { clock, limiter } = open(only({ readsPerMinute: 600, readsPerMinuteEach: 300 }));
  const quiet = { ...registry, rid: "two" };
  for (let second = 0; second < 120; second++) {
    for (let n = 0; n < 100; n++) admits(limiter, "read", "noisy");
    for (let n = 0; n < 5; n++) {
      expect(admits(limiter, "read", "noisy", quiet)).toBe(true);
      expect(admits(limiter, "read", "quiet")).toBe(true);
    }
    clock.advance(1_000);
  }
});

test("who comes again is remembered, however many others come", () => {
  const { limiter } = open(only({ readsPerMinute: 1e9, readsPerMinuteEach: 6 }));
  expect(admits(limiter, "read", "steady")).toBe(true);
  for (let n = 0; n < 50_000; n++) {
    limiter.admit(registry, `user ${n}`, "read");
    if (n % 5_000 === 0) expect(admits(limiter, "read", "steady")).toBe(false);
  }
});
