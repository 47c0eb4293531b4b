import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { TokenBuckets } from "../domain/token-buckets.ts";
import type { Clock } from "../ports/world.ts";

/**
 * Bounds what failed logins cost: those of one registry, in one process, may come `failedLoginsMax` at once and
 * `failedLoginsPerSecondMax` after that. Secrets cannot be guessed, so this protects the database, not them; nothing is written.
 */
export class FailedLogins {
  readonly #clock: Clock;
  readonly #buckets = new TokenBuckets(
    limits.failedLoginsMax,
    limits.failedLoginsPerSecondMax,
    limits.registriesCachedMax,
  );

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Before credentials are looked up that nobody here has seen: as if they were wrong, so that many at once are bounded as well.
   * @throws RegistryError TOOMANYREQUESTS
   */
  take(rid: string): void {
    const seconds = this.#buckets.take(rid, this.#clock.now());
    if (seconds === 0) return;
    throw new RegistryError("TOOMANYREQUESTS", {
      message: "too many failed logins; try again in a moment",
      headers: { "Retry-After": String(Math.ceil(seconds)) },
    });
  }

  /** They were not wrong. */
  giveBack(rid: string): void {
    this.#buckets.giveBack(rid, this.#clock.now());
  }
}
