import type { RegistryDocument } from "../catalog/registry-documents.ts";
import type { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { NetworkShares } from "../domain/network/network-shares.ts";
import { beyondTier, type NumberFigure } from "../domain/tiers/refusals.ts";
import { type Tier, type TierTable, tierOf, tiers } from "../domain/tiers/table.ts";
import type { Clock } from "../ports/world.ts";

/** What is counted together. `referrers` are reads too. */
export type RequestKind = "read" | "write" | "delete" | "referrers" | "token";

interface Rate {
  readonly figure: NumberFigure;
  readonly what: string;
}

/** Of the whole registry, and of one identity, where that is bounded too. */
const rates: readonly { readonly whole: Rate; readonly each?: Rate }[] = [
  ofAll("reads", "reads"),
  ofAll("writes", "writes"),
  ofAll("deletes", "deletes"),
  ofAll("referrers", "lists of referrers"),
  { whole: { figure: "tokenRequestsPerMinute", what: "token requests a minute" } },
];

/** Indices of `rates`. */
const drains: Readonly<Record<RequestKind, readonly number[]>> = {
  read: [0],
  write: [1],
  delete: [2],
  referrers: [3, 0],
  token: [4],
};

function ofAll(
  name: "reads" | "writes" | "deletes" | "referrers",
  what: string,
): { whole: Rate; each: Rate } {
  return {
    whole: { figure: `${name}PerMinute`, what: `${what} a minute` },
    each: { figure: `${name}PerMinuteEach`, what: `${what} a minute by one identity` },
  };
}

/** ms of a bucket's time that one request takes, by index of `rates`. */
interface Costs {
  readonly whole: readonly number[];
  readonly each: readonly number[];
}

/**
 * When each bucket is full again, in ms since 1970, by index of `rates`: all there is to know of it, since it fills at a steady pace.
 * A time that is over is a full one.
 */
type Buckets = number[];

/** One in so many token requests that a registry is allowed, beside those, is for networks from where few come. */
const reservePart = 20;

const burstMillis = limits.burstSeconds * 1000;

/**
 * Lets through so many requests a minute as a registry's tier allows, to the whole registry and to each identity: token buckets, which
 * hold `burstSeconds` of it. Each process lets its part through and knows nothing of the others, so nothing is read or written.
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-skus
 */
export class RateLimiter {
  readonly #tiers: TierTable;
  readonly #clock: Clock;
  readonly #costs: Readonly<Record<Tier, Costs>>;
  readonly #registries = new LatestBuckets(limits.registriesCachedMax);
  readonly #identities = new LatestBuckets(limits.rateIdentitiesMax);
  /** Of token requests, how many of one network are few. */
  readonly #shares = new NetworkShares();

  /** @param instances processes that are expected to answer at once */
  constructor(table: TierTable, instances: number, clock: Clock) {
    this.#tiers = table;
    this.#clock = clock;
    const costs = (tier: Tier): Costs => {
      const cost = (rate: Rate | undefined) =>
        rate === undefined ? 0 : (60_000 * instances) / table[tier][rate.figure];
      return { whole: rates.map(({ whole }) => cost(whole)), each: rates.map(({ each }) => cost(each)) };
    };
    this.#costs = Object.fromEntries(tiers.map((tier) => [tier, costs(tier)])) as Record<Tier, Costs>;
  }

  /**
   * Counts a request, if it is let through.
   * @param identity who makes it, the same for all that he comes with
   * @throws RegistryError TOOMANYREQUESTS with Retry-After
   */
  admit(registry: Pick<RegistryDocument, "rid" | "tier">, identity: string, kind: RequestKind): void {
    const tier = tierOf(registry);
    const costs = this.#costs[tier];
    const now = this.#clock.now();
    const whole = this.#registries.of(registry.rid);
    const each = this.#identities.of(`${registry.rid}\n${identity}`);
    const drained = drains[kind];
    for (const at of drained) {
      const waitEach = waitOf(each, costs.each, at, now);
      const waitWhole = waitOf(whole, costs.whole, at, now);
      if (waitEach > 0 || waitWhole > 0) throw this.#refusal(tier, at, waitEach, waitWhole);
    }
    for (const at of drained) {
      drain(each, costs.each, at, now);
      drain(whole, costs.whole, at, now);
    }
  }

  /**
   * Counts a request to the token service, if it is let through. Nobody has said yet who he is, so the requests of all are counted together;
   * when they are too many, whoever comes from a network from where few came has a reserve, so that a stranger keeps nobody from logging in.
   * @param network as `clientNetwork` gives it; undefined: nobody knows
   * @throws RegistryError TOOMANYREQUESTS with Retry-After
   */
  admitToken(registry: Pick<RegistryDocument, "rid" | "tier">, network: string | undefined): void {
    const { rid } = registry;
    const now = this.#clock.now();
    const isSeldom = this.#shares.take(rid, network, now);
    try {
      this.admit(registry, "anonymous", "token");
    } catch (refusal) {
      const costs = this.#costs[tierOf(registry)].whole.map((cost) => cost * reservePart);
      const [at = 0] = drains.token;
      const reserve = this.#registries.of(`${rid}\nreserve`);
      if (!isSeldom || waitOf(reserve, costs, at, now) > 0) throw refusal;
      drain(reserve, costs, at, now);
    }
  }

  /** Names what lasts longer. */
  #refusal(tier: Tier, at: number, waitEach: number, waitWhole: number): RegistryError {
    const { whole, each } = rates[at] as (typeof rates)[number];
    const { figure, what } = each !== undefined && waitEach >= waitWhole ? each : whole;
    return beyondTier(this.#tiers, tier, figure, what, {
      code: "TOOMANYREQUESTS",
      headers: { "Retry-After": String(Math.ceil(Math.max(waitEach, waitWhole) / 1000)) },
    });
  }
}

/** ms until the bucket has room for one more. A bucket holds one request at least. */
function waitOf(buckets: Buckets, costs: readonly number[], at: number, now: number): number {
  const cost = costs[at] as number;
  const fullAt = Math.max(buckets[at] as number, now);
  return fullAt + cost - now - Math.max(burstMillis, cost);
}

function drain(buckets: Buckets, costs: readonly number[], at: number, now: number): void {
  buckets[at] = Math.max(buckets[at] as number, now) + (costs[at] as number);
}

/**
 * Buckets of those who came of late: when half of the places are taken, those who have not come since the last time go. Whoever is
 * forgotten begins with full buckets.
 */
class LatestBuckets {
  #latest = new Map<string, Buckets>();
  #earlier = new Map<string, Buckets>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  of(key: string): Buckets {
    const known = this.#latest.get(key);
    if (known !== undefined) return known;
    const buckets = this.#earlier.get(key) ?? rates.map(() => 0);
    if (this.#latest.size >= this.#max / 2) {
      this.#earlier = this.#latest;
      this.#latest = new Map();
    }
    this.#latest.set(key, buckets);
    return buckets;
  }
}
