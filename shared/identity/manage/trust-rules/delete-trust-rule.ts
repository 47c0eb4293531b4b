import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { TrustRuleDocument } from "../../documents.ts";
import { revocationKeys } from "../../principal.ts";
import { deleteAccess } from "../delete-access.ts";

/** @throws RegistryError NAME_UNKNOWN */
export async function deleteTrustRule(ports: Ports, rid: string, name: string): Promise<void> {
  await deleteAccess<TrustRuleDocument>(ports, rid, {
    id: ids.trustRule(name),
    kind: "trust-rule",
    what: `trust rule ${name}`,
    revokes: [revocationKeys.trustRule(name)],
  });
}
