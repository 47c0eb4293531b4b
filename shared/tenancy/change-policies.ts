import { untilSettled } from "../catalog/commit.ts";
import { partitions } from "../catalog/keys.ts";
import { readRegistry } from "../catalog/registries.ts";
import type { RegistryDocument, RegistryPolicies } from "../catalog/registry-documents.ts";
import type { Ports } from "../ports/ports.ts";
import { demandFeatures } from "./demand-features.ts";

/**
 * Changes the registry's policies by its etag, so that no two changes undo each other.
 * @param change made of the policies as they are then; called again when somebody else was faster
 * @returns undefined when there is no such registry any more
 * @throws RegistryError DENIED when it switches on what the registry's tier does not include
 */
export async function changePolicies(
  ports: Ports,
  rid: string,
  change: (policies: RegistryPolicies) => RegistryPolicies,
): Promise<RegistryDocument | undefined> {
  const writer = ports.ids.nonce();
  const changed = await untilSettled(async () => {
    const stored = await readRegistry(ports, rid);
    if (stored?.document.state !== "live") return "absent";
    const policies = change(stored.document.policies);
    demandFeatures(ports.tiers, stored.document, policies);
    const document: RegistryDocument = { ...stored.document, policies, writer };
    const outcome = await ports.documents.commit(partitions.registry(rid), [
      { op: "replace", document, etag: stored.etag },
    ]);
    return outcome === "committed" ? document : undefined;
  });
  return changed === "absent" ? undefined : changed;
}
