import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import type { Issuers } from "../../ports/issuers.ts";
import type { Ports } from "../../ports/ports.ts";
import type { TrustRuleDocument } from "../documents.ts";
import { listTrustRules } from "../manage/trust-rules/list-trust-rules.ts";
import type { Principal } from "../principal.ts";
import { brief, claimedIssuer, type ForeignClaims, refuse, verifyForeignToken } from "./foreign-token.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import { metRules, textsOf } from "./met-rules.ts";
import { type EntraSettings, entraIssuers } from "./settings.ts";

/** Entra signs with nothing else. */
const entraAlgorithms = ["RS256"];

/** Lets in whom somebody else vouches for: issuers that the registry's trust rules name, and the deployment's Entra tenant. */
export class Federation {
  readonly #ports: Pick<Ports, "documents" | "clock">;
  readonly #keys: IssuerKeys;
  readonly #entra: EntraSettings | undefined;

  constructor(ports: Pick<Ports, "documents" | "clock">, issuers: Issuers, entra: EntraSettings | undefined) {
    this.#ports = ports;
    this.#keys = new IssuerKeys(issuers, ports.clock);
    this.#entra = entra;
  }

  /**
   * Whom the token is of, in this registry. One range read.
   * @param token a JSON Web Token in its compact form
   * @throws RegistryError UNAUTHORIZED, whose message says what does not fit; UNAVAILABLE when the issuer's keys cannot be had;
   *   UNSUPPORTED with status 400 when the issuer is where the registry asks nobody
   */
  async principalOf(registry: RegistryDocument, token: string): Promise<Principal> {
    const issuer = claimedIssuer(token);
    const rules = (await listTrustRules(this.#ports, registry.rid)).filter(
      (rule) => rule.status === "enabled" && rule.issuer === issuer,
    );
    const entra =
      this.#entra !== undefined && entraIssuers(this.#entra.tenantId).includes(issuer)
        ? this.#entra
        : undefined;
    // Nothing is asked of an issuer that nobody here trusts.
    if (rules.length === 0 && entra === undefined) {
      throw refuse(`this registry has no trust rule for the issuer ${brief(issuer)}`);
    }
    const claims = await verifyForeignToken(
      this.#keys,
      token,
      {
        issuer,
        audiences: [...rules.map((rule) => rule.audience), ...(entra?.audiences ?? [])],
        ...(entra === undefined ? {} : { algorithms: entraAlgorithms }),
      },
      this.#ports.clock.now(),
    );
    if (entra !== undefined && claims["tid"] !== entra.tenantId)
      throw refuse("the token is of another tenant");
    return administratorOf(claims, entra) ?? federatedOf(claims, rules);
  }
}

/**
 * An administrator's token has to be for the registry, or one that some other application was given would do here: which audiences
 * trust rules take is decided by those who manage one registry.
 */
function administratorOf(claims: ForeignClaims, entra: EntraSettings | undefined): Principal | undefined {
  if (entra === undefined || !entra.audiences.some((audience) => isFor(claims, audience))) return undefined;
  const [subject] = textsOf(claims, "oid");
  const ids = [...textsOf(claims, "oid"), ...textsOf(claims, "groups")].map((id) => id.toLowerCase());
  const administrator = ids.find((id) => entra.administrators.includes(id));
  if (subject === undefined || administrator === undefined) return undefined;
  return { kind: "entra-administrator", subject, administrator };
}

function federatedOf(claims: ForeignClaims, rules: readonly TrustRuleDocument[]): Principal {
  const candidates = rules.filter((rule) => isFor(claims, rule.audience));
  const met = metRules(claims, candidates);
  if (met.length === 0) throw refuse(`no trust rule fits the token, which has ${told(claims, candidates)}`);
  return {
    kind: "federated",
    issuer: claims.iss,
    subject: claims.sub,
    rules: met.map(({ name, changedAt }) => ({ name, since: changedAt })),
  };
}

function isFor({ aud }: ForeignClaims, audience: string): boolean {
  return typeof aud === "string" ? aud === audience : aud.includes(audience);
}

const toldClaimsMax = 10;

/** What the token says about that which the rules ask for. */
function told(claims: ForeignClaims, rules: readonly TrustRuleDocument[]): string {
  const asked = new Set(rules.flatMap((rule) => rule.conditions.map(({ claim }) => claim)));
  const parts = [...asked].slice(0, toldClaimsMax).map((claim) => {
    const texts = textsOf(claims, claim);
    return `${claim}=${brief(texts.length > 1 ? texts : texts[0])}`;
  });
  return parts.length === 0 ? `sub=${brief(claims.sub)}` : parts.join(", ");
}
