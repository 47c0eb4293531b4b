import type { RegistryDocument, RegistryPolicies } from "../catalog/registry-documents.ts";
import type { Ports } from "../ports/ports.ts";
import { changeRegistry } from "./change-registry.ts";

/**
 * Changes the registry's policies by its etag, so that no two changes undo each other.
 * @param change made of the policies as they are then; called again when somebody else was faster
 * @returns undefined when there is no such registry any more
 * @throws RegistryError DENIED when the tier does not have what is switched on
 */
export async function changePolicies(
  ports: Ports,
  rid: string,
  change: (policies: RegistryPolicies) => RegistryPolicies,
): Promise<RegistryDocument | undefined> {
  return await changeRegistry(ports, rid, ({ policies }) => ({ policies: change(policies) }));
}
