import { RegistryError } from "../../shared/domain/errors.ts";
import type { Issuers } from "../../shared/ports/issuers.ts";
import type { OidcIssuer } from "./oidc-issuer.ts";

/** Issuers that are asked without a network, by their URLs. */
export class AskedIssuers implements Issuers {
  readonly #issuers: OidcIssuer[] = [];
  /** What was asked for. */
  readonly asked: string[] = [];
  /** Whether nobody answers. */
  away = false;

  add(...issuers: readonly OidcIssuer[]): void {
    this.#issuers.push(...issuers);
  }

  async fetchJson(url: string): Promise<unknown> {
    this.asked.push(url);
    const { origin, pathname } = new URL(url);
    const issuer = this.#issuers.find((one) => new URL(one.url).origin === origin);
    const published = this.away ? undefined : issuer?.published(pathname);
    if (published === undefined) throw new RegistryError("UNAVAILABLE", { message: "nobody is there" });
    return structuredClone(published);
  }
}
