import type { RegistryPolicies } from "../catalog/registry-documents.ts";
import { beyondTier, type Feature, notInTier } from "../domain/tiers/refusals.ts";
import { figuresOf, type Tier, type TierTable, tierOf } from "../domain/tiers/table.ts";

interface PolicyFeature {
  readonly feature: Feature;
  readonly what: string;
  /** Whether the change switches on more of it than there was. */
  readonly switchedOn: (before: RegistryPolicies, after: RegistryPolicies) => boolean;
}

const policyFeatures: readonly PolicyFeature[] = [
  {
    feature: "anonymousPull",
    what: "pulls without login",
    switchedOn: (before, after) =>
      after.anonymousPull !== undefined && after.anonymousPull !== before.anonymousPull,
  },
  {
    feature: "retention",
    what: "lifecycle rules",
    switchedOn: (before, after) => {
      const known = new Set(before.lifecycle?.rules.map((rule) => JSON.stringify(rule)));
      return after.lifecycle?.rules.some((rule) => !known.has(JSON.stringify(rule))) === true;
    },
  },
  {
    feature: "softDelete",
    what: "soft delete",
    switchedOn: (before, after) =>
      after.softDelete?.enabled === true &&
      (before.softDelete?.enabled !== true || before.softDelete.days !== after.softDelete.days),
  },
  {
    feature: "networkRules",
    what: "network rules",
    switchedOn: (before, after) =>
      (after.publicNetworkAccess === "Disabled" && before.publicNetworkAccess !== "Disabled") ||
      (after.network?.defaultAction === "Deny" && before.network?.defaultAction !== "Deny") ||
      after.network?.ipRules.some((rule) => !before.network?.ipRules.includes(rule)) === true,
  },
  {
    feature: "exportPolicy",
    what: "an export policy",
    switchedOn: (before, after) => after.exportPolicy === "disabled" && before.exportPolicy !== "disabled",
  },
];

/**
 * Whether the tier has all that a change of policies switches on. What is on stays on when a tier is lowered, and can be switched off.
 * @throws RegistryError DENIED
 */
export function demandFeatures(
  tiers: TierTable,
  registry: { readonly tier?: Tier; readonly policies: RegistryPolicies },
  after: RegistryPolicies,
): void {
  const figures = figuresOf(tiers, registry);
  for (const { feature, what, switchedOn } of policyFeatures) {
    if (!figures[feature] && switchedOn(registry.policies, after))
      throw notInTier(tiers, tierOf(registry), feature, what);
  }
  const rules = after.network?.ipRules.length ?? 0;
  if (rules > figures.ipRulesMax && rules > (registry.policies.network?.ipRules.length ?? 0))
    throw beyondTier(tiers, tierOf(registry), "ipRulesMax", "IP rules");
}
