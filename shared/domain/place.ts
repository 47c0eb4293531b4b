/**
 * Where bytes lie. A blob's place is never made from its digest, so that an upload becomes a blob without a copy,
 * and a place can be deleted while the digest lives on elsewhere.
 */
export interface Place {
  /** Alias of a storage account, as `homeAccount` makes it; each deployment maps aliases to accounts. */
  readonly account: string;
  /** A container per registry. */
  readonly container: string;
  /** `u/<yyyy-mm-dd>/<ulid>`: enumerable by date, so that orphans are found without listing everything. */
  readonly name: string;
}

/**
 * The alias of the account that a registry made in this region has its bytes in: `<region>.<registry>` where the deployment sets storage
 * apart for it, and otherwise the region's.
 * @param setApart aliases of accounts that one registry has for itself
 */
export function homeAccount(region: string, registry: string, setApart: ReadonlySet<string>): string {
  const alias = `${region}.${registry}`;
  return setApart.has(alias) ? alias : region;
}

/** The region of an account's alias: regions have no dots in their names. */
export function regionOf(account: string): string {
  return account.split(".", 1)[0] ?? account;
}

/** @param millis the time, in ms since 1970, from which `id` was made */
export function placeName(millis: number, id: string): string {
  return `u/${new Date(millis).toISOString().slice(0, 10)}/${id}`;
}

export function samePlace(a: Place, b: Place): boolean {
  return a.name === b.name && a.container === b.container && a.account === b.account;
}
