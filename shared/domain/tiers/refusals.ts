import { RegistryError } from "../errors.ts";
import { type Tier, type TierFigures, type TierTable, tiers } from "./table.ts";

/** Figures that are numbers, and features. */
export type NumberFigure = {
  [F in keyof TierFigures]: TierFigures[F] extends number ? F : never;
}[keyof TierFigures];
export type Feature = Exclude<keyof TierFigures, NumberFigure>;

/**
 * 403: the tier allows no more. The message says how much, which tier, and what would lift it.
 * @param what of which there can be no more, such as `tokens`
 */
export function beyondTier(table: TierTable, tier: Tier, figure: NumberFigure, what: string): RegistryError {
  const limit = table[tier][figure];
  const higher = tiers.filter((other) => table[other][figure] > limit);
  return new RegistryError("DENIED", {
    message: `a registry of tier ${tier} has at most ${limit} ${what}${liftedBy(higher, (other) => ` (${table[other][figure]})`)}`,
    detail: { tier, figure, limit },
  });
}

/** 403: the tier does not have it. */
export function notInTier(table: TierTable, tier: Tier, feature: Feature, what: string): RegistryError {
  const higher = tiers.filter((other) => table[other][feature]);
  return new RegistryError("DENIED", {
    message: `a registry of tier ${tier} has no ${what}${liftedBy(higher, () => "")}`,
    detail: { tier, figure: feature },
  });
}

function liftedBy(higher: readonly Tier[], more: (tier: Tier) => string): string {
  if (higher.length === 0) return "; no tier allows more";
  return `; tier ${higher.map((tier) => tier + more(tier)).join(" or ")} allows more`;
}
