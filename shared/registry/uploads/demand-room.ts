import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { storageFull } from "../../domain/tiers/refusals.ts";
import type { Ports } from "../../ports/ports.ts";

/**
 * Before anything is sent: whether the registry has room for so many bytes, or for any.
 * @throws RegistryError DENIED when it has not
 */
export async function demandRoom(
  { tiers, quota }: Pick<Ports, "tiers" | "quota">,
  registry: RegistryDocument,
  bytes = 0,
): Promise<void> {
  if (quota === undefined) return;
  const left = await quota.left(registry);
  if (left === 0 || bytes > left) throw storageFull(tiers, registry);
}
