interface Bucket {
  readonly tokens: number;
  /** ms since 1970 */
  readonly at: number;
}

/** Token buckets by key, each full at first. Only those are remembered that came of late; whoever is forgotten has a full one again. */
export class TokenBuckets {
  readonly #max: number;
  readonly #perSecond: number;
  readonly #keysMax: number;
  readonly #buckets = new Map<string, Bucket>();

  /**
   * @param max tokens that a bucket holds
   * @param perSecond tokens that come into it
   */
  constructor(max: number, perSecond: number, keysMax: number) {
    this.#max = max;
    this.#perSecond = perSecond;
    this.#keysMax = keysMax;
  }

  /** @returns the seconds until there is a token; 0: there was one, and it is taken */
  take(key: string, now: number): number {
    const tokens = this.#tokensOf(key, now);
    this.#put(key, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
    return tokens < 1 ? (1 - tokens) / this.#perSecond : 0;
  }

  giveBack(key: string, now: number): void {
    this.#put(key, { tokens: Math.min(this.#max, this.#tokensOf(key, now) + 1), at: now });
  }

  #tokensOf(key: string, now: number): number {
    const { tokens, at } = this.#buckets.get(key) ?? { tokens: this.#max, at: now };
    const refill = (Math.max(0, now - at) / 1000) * this.#perSecond;
    return Math.min(this.#max, tokens + refill);
  }

  #put(key: string, bucket: Bucket): void {
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const oldest = this.#buckets.keys().next().value;
    if (this.#buckets.size > this.#keysMax && oldest !== undefined) this.#buckets.delete(oldest);
  }
}
