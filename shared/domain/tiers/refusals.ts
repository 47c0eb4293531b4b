import { RegistryError, type RegistryErrorCode, type RegistryErrorOptions } from "../errors.ts";
import { type Tier, type TierFigures, type TierTable, tierOf, tiers } from "./table.ts";

/** Figures that are numbers, and features. */
export type NumberFigure = {
  [F in keyof TierFigures]: TierFigures[F] extends number ? F : never;
}[keyof TierFigures];
export type Feature = Exclude<keyof TierFigures, NumberFigure>;

// All messages are made alike: what the tier allows, and then which others, that are offered, allow more.

/**
 * More than the tier allows; 403 DENIED unless told otherwise.
 * @param what of which there can be no more, such as `tokens`
 */
export function beyondTier(
  table: TierTable,
  tier: Tier,
  figure: NumberFigure,
  what: string,
  { code = "DENIED", ...options }: RegistryErrorOptions & { readonly code?: RegistryErrorCode } = {},
): RegistryError {
  const limit = table[tier][figure];
  return new RegistryError(code, {
    ...options,
    message: describeLimit(table, tier, figure, what),
    detail: { tier, figure, limit },
  });
}

/** 403 DENIED: the registry stores all that it may. */
export function storageFull(table: TierTable, registry: { readonly tier?: Tier }): RegistryError {
  return beyondTier(table, tierOf(registry), "storageBytesMax", "of storage");
}

/** As in `tier Basic allows 100 tokens; Standard allows 500, Premium 50,000`. */
function describeLimit(table: TierTable, tier: Tier, figure: NumberFigure, what: string): string {
  const amount = (of: Tier) => formatAmount(table[of][figure], figure);
  const [first, ...others] = tiers.filter(
    (other) => table[other].offered && table[other][figure] > table[tier][figure],
  );
  const lifted =
    first === undefined
      ? "no tier allows more"
      : [`${first} allows ${amount(first)}`, ...others.map((other) => `${other} ${amount(other)}`)].join(
          ", ",
        );
  return `tier ${tier} allows ${amount(tier)} ${what}; ${lifted}`;
}

/** 403 DENIED: the tier does not have it. As in `tier Basic does not include lifecycle rules; Premium does`. */
export function notInTier(table: TierTable, tier: Tier, feature: Feature, what: string): RegistryError {
  const higher = tiers.filter((other) => table[other].offered && table[other][feature]);
  const lifted =
    higher.length === 0 ? "no tier does" : `${higher.join(" and ")} ${higher.length === 1 ? "does" : "do"}`;
  return new RegistryError("DENIED", {
    message: `tier ${tier} does not include ${what}; ${lifted}`,
    detail: { tier, figure: feature },
  });
}

/** 403 DENIED: no registry becomes of this tier. */
export function notOffered(table: TierTable, tier: Tier): RegistryError {
  const offered = tiers.filter((other) => table[other].offered);
  return new RegistryError("DENIED", {
    message: `this deployment does not offer tier ${tier}; it offers ${offered.join(" and ") || "none"}`,
    detail: { tier, figure: "offered" },
  });
}

const numbers = new Intl.NumberFormat("en");
const units = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** Bytes in the largest unit of which they are a whole number. */
function formatAmount(amount: number, figure: NumberFigure): string {
  if (!/Bytes/.test(figure)) return numbers.format(amount);
  let unit = 0;
  let left = amount;
  for (; left >= 1024 && left % 1024 === 0 && unit < units.length - 1; unit++) left /= 1024;
  return `${numbers.format(left)} ${units[unit]}`;
}
