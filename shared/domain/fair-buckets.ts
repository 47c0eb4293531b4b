import { NetworkShares } from "./network/network-shares.ts";
import { TokenBuckets } from "./token-buckets.ts";

/** What was taken out of the buckets. */
export interface Taken {
  /** Until there is a token; 0: there was one, and it is taken. */
  readonly seconds: number;
  giveBack(now: number): void;
}

/**
 * Token buckets by key, two each: one for networks of clients that have taken little of late, and one for all others. Whoever empties a
 * bucket from a few networks is so among the others, and keeps out nobody but them. Whose network nobody knows is one of them.
 */
export class FairBuckets {
  readonly #buckets: TokenBuckets;
  readonly #shares = new NetworkShares();

  /**
   * @param max tokens that each bucket holds
   * @param perSecond tokens that come into it
   */
  constructor(max: number, perSecond: number, keysMax: number) {
    this.#buckets = new TokenBuckets(max, perSecond, 2 * keysMax);
  }

  /**
   * @param network as `clientNetwork` gives it
   * @param now ms since 1970
   */
  take(key: string, network: string | undefined, now: number): Taken {
    const isSeldom = this.#shares.take(key, network, now);
    const bucket = isSeldom ? `${key}\nseldom` : key;
    return {
      seconds: this.#buckets.take(bucket, now),
      giveBack: (later) => {
        this.#buckets.giveBack(bucket, later);
        if (isSeldom) this.#shares.giveBack(key, network, later);
      },
    };
  }
}
