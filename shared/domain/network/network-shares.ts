import { limits } from "../limits.ts";
import { TokenBuckets } from "../token-buckets.ts";

/** Which networks of clients have taken little of late, by what they took it of, such as a registry. */
export class NetworkShares {
  readonly #buckets = new TokenBuckets(
    limits.networkShareMax,
    limits.networkSharePerSecondMax,
    limits.networkSharesMax,
  );

  /**
   * Counts one more, if it is within what is little. Whose network nobody knows is not.
   * @param network as `clientNetwork` gives it
   * @param now ms since 1970
   */
  take(key: string, network: string | undefined, now: number): boolean {
    return network !== undefined && this.#buckets.take(shareOf(key, network), now) === 0;
  }

  giveBack(key: string, network: string | undefined, now: number): void {
    if (network !== undefined) this.#buckets.giveBack(shareOf(key, network), now);
  }
}

function shareOf(key: string, network: string): string {
  return `${key}\n${network}`;
}
