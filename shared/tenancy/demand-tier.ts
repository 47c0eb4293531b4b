import type { RegistryUsageDocument } from "../catalog/documents.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { readRegistryUsage, storedBytes } from "../catalog/usage.ts";
import { beyondTier, notOffered } from "../domain/tiers/refusals.ts";
import { figuresOf, type Tier, type TierTable, tierOf } from "../domain/tiers/table.ts";
import type { Ports } from "../ports/ports.ts";
import { demandFeatures } from "./demand-features.ts";

/** @throws RegistryError DENIED when the deployment does not offer the tier */
export function demandOffered(tiers: TierTable, tier: Tier): void {
  if (!tiers[tier].offered) throw notOffered(tiers, tier);
}

/**
 * Whether a registry may become what is asked for: its tier has what is switched on, and a new tier all that is on, and room for what
 * is stored. One read, where the tier is another.
 * @returns what it has read
 * @throws RegistryError DENIED
 */
export async function demandTier(
  ports: Ports,
  before: RegistryDocument,
  after: RegistryDocument,
): Promise<RegistryUsageDocument | undefined> {
  const isSame = tierOf(before) === tierOf(after);
  const policies = isSame ? before.policies : { sparseManifests: false };
  demandFeatures(ports.tiers, { ...after, policies }, after.policies);
  if (isSame) return undefined;
  demandOffered(ports.tiers, tierOf(after));
  const usage = await readRegistryUsage(ports, after.rid);
  if (storedBytes(usage) <= figuresOf(ports.tiers, after).storageBytesMax) return usage;
  throw beyondTier(ports.tiers, tierOf(after), "storageBytesMax", "of storage", { status: 409 });
}
