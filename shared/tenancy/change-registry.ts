import type { RegistryUsageDocument } from "../catalog/documents.ts";
import { replaceRegistry } from "../catalog/registries.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { meteringTime, meterRegistry } from "../catalog/usage.ts";
import { attributeToTier } from "../domain/pricing/tier-months.ts";
import { tierOf } from "../domain/tiers/table.ts";
import type { Ports } from "../ports/ports.ts";
import { demandTier } from "./demand-tier.ts";

/** What of a registry its managers can change. */
export type RegistryChange = Partial<Pick<RegistryDocument, "policies" | "tier" | "tags">>;

/**
 * Changes the registry by its etag, so that no two changes undo each other.
 * @param change made of the registry as it is then, what is not in it stays; called again when somebody else was faster
 * @returns undefined when there is no such registry any more
 * @throws RegistryError DENIED when the registry's tier does not allow what it would have
 */
export async function changeRegistry(
  ports: Ports,
  rid: string,
  change: (registry: RegistryDocument) => RegistryChange,
): Promise<RegistryDocument | undefined> {
  return await replaceRegistry(ports, rid, async (before) => {
    const after: RegistryDocument = { ...before, ...change(before) };
    const usage = await demandTier(ports, before, after);
    return tierOf(before) === tierOf(after) ? after : closeTier(ports, before, after, usage);
  });
}

/** Notes for the price of the month what the registry was until now. */
function closeTier(
  ports: Ports,
  before: RegistryDocument,
  after: RegistryDocument,
  usage: RegistryUsageDocument | undefined,
): RegistryDocument {
  const now = Math.floor(ports.clock.now());
  const meter = meterRegistry(usage, meteringTime(ports, usage)).metered;
  const { createdAt } = before;
  return {
    ...after,
    tierMonths: attributeToTier(before.tierMonths, tierOf(before), { createdAt, meter }, now),
  };
}
