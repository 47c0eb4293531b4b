import type { UserDelegationKey } from "@azure/storage-blob";

const millisPerHour = 3_600_000;
/** What a key is asked for. The service gives up to seven days; a day outlives most outages of what gives keys. */
const keyMillis = 24 * millisPerHour;
/** A key is renewed when it has less than this left. */
const renewMillis = 18 * millisPerHour;
/** The service's clock may be behind ours by this much. */
const clockSkewMillis = 5 * 60_000;
/** ms until a renewal that failed is tried again, while the old key still serves, and when there is none. */
const retryMillis = 60_000;
const retryWithoutKeyMillis = 2_000;

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
  #failure: { readonly error: unknown; readonly at: number } | undefined;

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
      const due = expiresAt - now < renewMillis && !this.#failedWithin(retryMillis);
      if (due) this.#renew().catch(() => {});
      return key;
    }
    // While there is none, callers are not made to wait one after the other for what has just failed.
    if (this.#failure !== undefined && this.#failedWithin(retryWithoutKeyMillis)) throw this.#failure.error;
    return await this.#renew();
  }

  #failedWithin(millis: number): boolean {
    return this.#failure !== undefined && this.#now() - this.#failure.at < millis;
  }

  #renew(): Promise<UserDelegationKey> {
    this.#renewal ??= this.#fetch().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #fetch(): Promise<UserDelegationKey> {
    const now = this.#now();
    try {
      this.#key = await this.#request(new Date(now - clockSkewMillis), new Date(now + keyMillis));
      this.#failure = undefined;
      return this.#key;
    } catch (error) {
      this.#failure = { error, at: this.#now() };
      throw error;
    }
  }
}
