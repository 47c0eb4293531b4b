import { ids } from "../../../catalog/keys.ts";
import { limits } from "../../../domain/limits.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { TrustRuleDocument } from "../../documents.ts";
import { listAccess, readAccess } from "../read-access.ts";

/** All trust rules of the registry, at most `trustRulesMax`, in the order of their names. One range read. */
export async function listTrustRules(
  ports: Pick<Ports, "documents">,
  rid: string,
): Promise<TrustRuleDocument[]> {
  const all = await listAccess<TrustRuleDocument>(
    ports,
    rid,
    ids.trustRules,
    undefined,
    limits.trustRulesMax,
  );
  return all.documents;
}

/** @throws RegistryError NAME_UNKNOWN */
export async function showTrustRule(
  ports: Pick<Ports, "documents">,
  rid: string,
  name: string,
): Promise<TrustRuleDocument> {
  const id = ids.trustRule(name);
  return await readAccess<TrustRuleDocument>(ports, rid, id, "trust-rule", `trust rule ${name}`);
}
