import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { TrustRuleDocument } from "../../documents.ts";
import { revocationKeys } from "../../principal.ts";
import { changeAccess } from "../change-access.ts";
import { absent } from "../refusals.ts";
import { resolveScopeMap } from "../scope-maps/find-scope-map.ts";
import { checkAudience, checkConditions, checkIssuer } from "./check-trust.ts";

type Changeable = Pick<TrustRuleDocument, "issuer" | "audience" | "conditions" | "scopeMap" | "status">;

export type TrustRuleUpdate = Readonly<Partial<Changeable>>;

/**
 * What is not told stays. Sessions from before a change are over.
 * @param plainAllowed whether issuers may be in networks of one's own, and without TLS
 * @throws RegistryError NAME_UNKNOWN, or of status 400 for what cannot be meant, or would trust everybody
 */
export async function updateTrustRule(
  ports: Ports,
  rid: string,
  name: string,
  update: TrustRuleUpdate,
  plainAllowed = false,
): Promise<TrustRuleDocument> {
  return await changeAccess(ports, rid, async (attempt) => {
    const stored = await attempt.read<TrustRuleDocument>(ids.trustRule(name), "trust-rule");
    if (stored === undefined) throw absent(`trust rule ${name}`);
    const before = stored.document;
    const updated: Changeable = { ...changeableOf(before), ...update };
    checkIssuer(updated.issuer, plainAllowed);
    checkAudience(updated.audience);
    checkConditions(updated.issuer, updated.conditions);
    const scopeMap = await resolveScopeMap(attempt, updated.scopeMap);
    const changeable: Changeable = { ...updated, scopeMap };
    if (JSON.stringify(changeable) === JSON.stringify(changeableOf(before))) {
      return { operations: [], result: before };
    }
    const document: TrustRuleDocument = {
      ...before,
      ...changeable,
      changedAt: Math.max(ports.clock.now(), before.changedAt + 1),
      writer: attempt.writer,
    };
    return {
      operations: [{ op: "replace", document, etag: stored.etag }],
      revokes: [revocationKeys.trustRule(before.name)],
      result: document,
    };
  });
}

function changeableOf({ issuer, audience, conditions, scopeMap, status }: TrustRuleDocument): Changeable {
  return { issuer, audience, conditions, scopeMap, status };
}
