/**
 * Reads what an issuer of OpenID Connect publishes: its configuration and its keys. Issuers are named by those who manage
 * registries, so an adapter leads nowhere but to public hosts, follows no redirect, and bounds time and size.
 */
export interface Issuers {
  /**
   * The JSON at this https URL.
   * @throws RegistryError UNAVAILABLE when it cannot be had just now, UNSUPPORTED with status 400 when it may not be asked for
   */
  fetchJson(url: string): Promise<unknown>;
}
