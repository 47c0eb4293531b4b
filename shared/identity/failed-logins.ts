import { RegistryError } from "../domain/errors.ts";
import { FairBuckets, type Taken } from "../domain/fair-buckets.ts";
import { limits } from "../domain/limits.ts";
import type { Clock } from "../ports/world.ts";

/** Tells the network that somebody comes from; undefined: nobody knows. Asked only where it matters. */
export type NetworkOf = () => string | undefined;

/** The management API, where buckets are named by registries: whoever fails at one of those keeps no manager out. */
export const management = "management";

/**
 * Bounds what failed logins cost: those of one registry, in one process, may come `failedLoginsMax` at once and
 * `failedLoginsPerSecondMax` after that, and as many of networks from where few come. Secrets cannot be guessed, so this protects the
 * database, not them; nothing is written.
 */
export class FailedLogins {
  readonly #clock: Clock;
  readonly #buckets = new FairBuckets(
    limits.failedLoginsMax,
    limits.failedLoginsPerSecondMax,
    limits.registriesCachedMax,
  );

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Before credentials are looked up that nobody here has seen: as if they were wrong, so that many at once are bounded as well.
   * @param door the registry's id, or `management`
   * @returns what is to be given back when they were not wrong
   * @throws RegistryError TOOMANYREQUESTS
   */
  take(door: string, networkOf: NetworkOf): Taken {
    const taken = this.#buckets.take(door, networkOf(), this.#clock.now());
    if (taken.seconds === 0) return taken;
    throw new RegistryError("TOOMANYREQUESTS", {
      message: "too many failed logins; try again in a moment",
      headers: { "Retry-After": String(Math.ceil(taken.seconds)) },
    });
  }
}
