import { schema } from "../../../catalog/documents.ts";
import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { TrustRuleDocument } from "../../documents.ts";
import { changeAccess } from "../change-access.ts";
import { checkAccessName } from "../names.ts";
import { inTheWay } from "../refusals.ts";
import { resolveScopeMap } from "../scope-maps/find-scope-map.ts";
import { checkAudience, checkConditions, checkIssuer } from "./check-trust.ts";

export interface NewTrustRule
  extends Pick<TrustRuleDocument, "name" | "issuer" | "audience" | "conditions" | "scopeMap"> {
  /** Usually enabled. */
  readonly status?: TrustRuleDocument["status"];
}

/**
 * @param plainAllowed whether issuers may be in networks of one's own, and without TLS
 * @throws RegistryError of status 400 for what cannot be meant, or would trust everybody, 409 when there is one of that name, 403 when the tier allows no more
 */
export async function createTrustRule(
  ports: Ports,
  rid: string,
  asked: NewTrustRule,
  plainAllowed = false,
): Promise<TrustRuleDocument> {
  const { name, issuer, audience, conditions, status = "enabled" } = asked;
  checkAccessName("a trust rule", name);
  checkIssuer(issuer, plainAllowed);
  checkAudience(audience);
  checkConditions(issuer, conditions);
  return await changeAccess(ports, rid, async (attempt) => {
    const id = ids.trustRule(name);
    const before = await attempt.read<TrustRuleDocument>(id, "trust-rule");
    if (before?.document.writer === attempt.writer) return { operations: [], result: before.document };
    if (before !== undefined) throw inTheWay(`there is a trust rule ${before.document.name} already`);
    const now = ports.clock.now();
    const document: TrustRuleDocument = {
      id,
      kind: "trust-rule",
      schema,
      writer: attempt.writer,
      name,
      issuer,
      audience,
      conditions,
      scopeMap: await resolveScopeMap(attempt, asked.scopeMap),
      status,
      createdAt: now,
      changedAt: now,
    };
    return { operations: [{ op: "create", document }], result: document };
  });
}
