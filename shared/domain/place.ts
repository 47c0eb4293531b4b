/**
 * Where bytes lie. A blob's place is never made from its digest, so that an upload becomes a blob without a copy,
 * and a place can be deleted while the digest lives on elsewhere.
 */
export interface Place {
  /** Alias of a storage account; each deployment maps aliases to accounts. */
  readonly account: string;
  /** A container per registry. */
  readonly container: string;
  /** `u/<yyyy-mm-dd>/<ulid>`: enumerable by date, so that orphans are found without listing everything. */
  readonly name: string;
}

/** @param millis the time, in ms since 1970, from which `id` was made */
export function placeName(millis: number, id: string): string {
  return `u/${new Date(millis).toISOString().slice(0, 10)}/${id}`;
}

export function samePlace(a: Place, b: Place): boolean {
  return a.name === b.name && a.container === b.container && a.account === b.account;
}
