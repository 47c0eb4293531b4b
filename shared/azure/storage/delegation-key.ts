import type { UserDelegationKey } from "@azure/storage-blob";

const millisPerHour = 3_600_000;
/** What a key is asked for. The service gives up to seven days; a day outlives most outages of what gives keys. */
const keyMillis = 24 * millisPerHour;
/** A key is renewed when it has less than this left. */
const renewMillis = 18 * millisPerHour;
/** The service's clock may be behind ours by this much. */
const clockSkewMillis = 5 * 60_000;
/** ms until a renewal that failed is tried again, while the old key still serves. */
const retryMillis = 60_000;

/**
 * The key that URLs of one account are signed with, on behalf of this process's identity. One caller at a time asks for it; as
 * long as there is one that will do, nobody waits.
 * @see https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
 */
export class DelegationKeys {
  readonly #request: (startsOn: Date, expiresOn: Date) => Promise<UserDelegationKey>;
  readonly #now: () => number;
  #key: UserDelegationKey | undefined;
  #renewal: Promise<UserDelegationKey> | undefined;
  #renewNotBefore = Number.NEGATIVE_INFINITY;

  /** @param now ms since 1970 */
  constructor(
    request: (startsOn: Date, expiresOn: Date) => Promise<UserDelegationKey>,
    now: () => number = Date.now,
  ) {
    this.#request = request;
    this.#now = now;
  }

  /**
   * A key that is valid until `until` (ms since 1970) at least.
   * @throws what the request throws, when there is no such key yet
   */
  async validUntil(until: number): Promise<UserDelegationKey> {
    const key = this.#key;
    const now = this.#now();
    const expiresAt = key?.signedExpiresOn.getTime() ?? 0;
    if (key !== undefined && expiresAt >= until) {
      if (expiresAt - now < renewMillis && now >= this.#renewNotBefore) this.#renewInBackground();
      return key;
    }
    return await this.#renew();
  }

  #renewInBackground(): void {
    this.#renew().catch(() => {
      this.#renewNotBefore = this.#now() + retryMillis;
    });
  }

  #renew(): Promise<UserDelegationKey> {
    this.#renewal ??= this.#fetch().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #fetch(): Promise<UserDelegationKey> {
    const now = this.#now();
    const key = await this.#request(new Date(now - clockSkewMillis), new Date(now + keyMillis));
    this.#key = key;
    return key;
  }
}
