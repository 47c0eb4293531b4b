import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Clock } from "../ports/world.ts";

interface Bucket {
  tokens: number;
  /** ms since 1970 */
  at: number;
}

/**
 * Bounds what failed logins cost: those of one registry, in one process, may come `failedLoginsMax` at once and
 * `failedLoginsPerSecondMax` after that. Secrets cannot be guessed, so this protects the database, not them; nothing is written.
 */
export class FailedLogins {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Before credentials are looked up that nobody here has seen: as if they were wrong, so that many at once are bounded as well.
   * @throws RegistryError TOOMANYREQUESTS
   */
  take(rid: string): void {
    const bucket = this.#bucketOf(rid);
    if (bucket.tokens < 1) {
      const seconds = Math.ceil((1 - bucket.tokens) / limits.failedLoginsPerSecondMax);
      throw new RegistryError("TOOMANYREQUESTS", {
        message: "too many failed logins; try again in a moment",
        headers: { "Retry-After": String(seconds) },
      });
    }
    this.#put(rid, { ...bucket, tokens: bucket.tokens - 1 });
  }

  /** They were not wrong. */
  giveBack(rid: string): void {
    const bucket = this.#bucketOf(rid);
    this.#put(rid, { ...bucket, tokens: Math.min(limits.failedLoginsMax, bucket.tokens + 1) });
  }

  #put(rid: string, bucket: Bucket): void {
    this.#buckets.delete(rid);
    this.#buckets.set(rid, bucket);
    const oldest = this.#buckets.keys().next().value;
    if (this.#buckets.size > limits.registriesCachedMax && oldest !== undefined) this.#buckets.delete(oldest);
  }

  #bucketOf(rid: string): Bucket {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(rid) ?? { tokens: limits.failedLoginsMax, at: now };
    const refill = (Math.max(0, now - bucket.at) / 1000) * limits.failedLoginsPerSecondMax;
    return { tokens: Math.min(limits.failedLoginsMax, bucket.tokens + refill), at: now };
  }
}
