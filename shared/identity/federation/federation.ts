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
    const member = entra === undefined ? undefined : memberOf(claims, entra);
    return member === undefined || member.ids.length === 0
      ? federatedOf(claims, rules)
      : { ...member, rules: metReferences(claims, rules) };
  }

  /**
   * Whom of the tenant the token is of, whatever roles he has.
   * @throws RegistryError UNAUTHORIZED, whose message says what does not fit; UNAVAILABLE when the issuer's keys cannot be had
   */
  async memberOf(token: string): Promise<Principal> {
    const entra = this.#entra;
    const issuer = claimedIssuer(token);
    if (entra === undefined || !entraIssuers(entra.tenantId).includes(issuer))
      throw refuse(`this deployment is not managed with tokens of the issuer ${brief(issuer)}`);
    const expected = { issuer, audiences: entra.audiences, algorithms: entraAlgorithms };
    const claims = await verifyForeignToken(this.#keys, token, expected, this.#ports.clock.now());
    if (claims["tid"] !== entra.tenantId) throw refuse("the token is of another tenant");
    const member = memberOf(claims, entra);
    if (member === undefined) throw refuse("the token does not say whose it is: it has no oid");
    return member;
  }
}

/**
 * Somebody of the tenant, with those of his ids that have roles. His token has to be for the registry, or one that some other
 * application was given would do here: which audiences trust rules take is decided by those who manage one registry.
 */
function memberOf(
  claims: ForeignClaims,
  { audiences, assignments }: EntraSettings,
): Extract<Principal, { kind: "entra" }> | undefined {
  if (!audiences.some((audience) => isFor(claims, audience))) return undefined;
  const [subject] = textsOf(claims, "oid");
  if (subject === undefined) return undefined;
  const ids = [...textsOf(claims, "oid"), ...textsOf(claims, "groups")].map((id) => id.toLowerCase());
  const named = new Set(assignments.map(({ principal }) => principal));
  return { kind: "entra", subject, ids: [...new Set(ids)].filter((id) => named.has(id)), rules: [] };
}

function federatedOf(claims: ForeignClaims, rules: readonly TrustRuleDocument[]): Principal {
  const candidates = rules.filter((rule) => isFor(claims, rule.audience));
  const met = metRules(claims, candidates);
  if (met.length === 0) throw refuse(`no trust rule fits the token, which has ${told(claims, candidates)}`);
  return {
    kind: "federated",
    issuer: claims.iss,
    subject: claims.sub,
    rules: referTo(met),
  };
}

function metReferences(
  claims: ForeignClaims,
  rules: readonly TrustRuleDocument[],
): ReturnType<typeof referTo> {
  return referTo(
    metRules(
      claims,
      rules.filter((rule) => isFor(claims, rule.audience)),
    ),
  );
}

function referTo(rules: readonly TrustRuleDocument[]): { readonly name: string; readonly since: number }[] {
  return rules.map(({ name, changedAt }) => ({ name, since: changedAt }));
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
