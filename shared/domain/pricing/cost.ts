import { type Tier, type TierTable, tiers } from "../tiers/table.ts";
import { endOfMonth, type Month, startOfMonth } from "./month.ts";
import type { Prices } from "./prices.ts";
import type { TierTime, TierTimes } from "./tier-months.ts";

export interface CostItem {
  readonly name: "Registry" | "Storage";
  readonly tier: Tier;
  /** Of the registry, the part of the month; of storage, what is beyond what the tier includes in that time. */
  readonly quantity: number;
  readonly unit: "Month" | "GiBMonth";
  readonly unitPrice: number;
  readonly cost: number;
}

export interface MonthCost {
  readonly items: readonly CostItem[];
  readonly total: number;
}

/** What a repository has of its registry's cost. */
export interface CostShare {
  readonly gibMonths: number;
  /** From 0 to 1. */
  readonly share: number;
  readonly registryCost: number;
  readonly storageCost: number;
  readonly cost: number;
}

const gibibyte = 1024 ** 3;

/**
 * What a registry costs in a month: for the time that it was there, and for what it stored beyond the bytes that its tier includes, on
 * average over that time. A month with several tiers is priced by each.
 */
export function costOfMonth(month: Month, times: TierTimes, table: TierTable, prices: Prices): MonthCost {
  const items = tiers.flatMap((tier) => {
    const time = times[tier];
    if (time === undefined || time.millis === 0) return [];
    const { registryMonth, gibMonth } = prices[tier];
    const part = time.millis / monthMillis(month);
    const beyond = beyondIncluded(month, time, table[tier].includedBytes);
    return [
      item("Registry", tier, part, "Month", registryMonth),
      item("Storage", tier, beyond, "GiBMonth", gibMonth),
    ];
  });
  return { items, total: sum(items) };
}

function gibMonths(month: Month, byteMillis: bigint): number {
  return Number(byteMillis) / monthMillis(month) / gibibyte;
}

/**
 * A repository's part by what it had for how long. Blobs that several repositories have count in each, so the parts are of the sum
 * over all repositories, and together never more than the registry's cost.
 * @param repositories what all repositories had
 * @param stored what the registry stored, also what no repository has any more: nobody's part
 */
export function shareOf(
  month: Month,
  { items }: MonthCost,
  byteMillis: bigint,
  { repositories, stored }: { readonly repositories: bigint; readonly stored: bigint },
): CostShare {
  const whole = [repositories, stored, byteMillis].reduce((most, one) => (one > most ? one : most));
  const share = whole === 0n ? 0 : Number(byteMillis) / Number(whole);
  const part = (name: CostItem["name"]) => roundedDown(share * sum(items.filter((one) => one.name === name)));
  const [registryCost, storageCost] = [part("Registry"), part("Storage")];
  return {
    gibMonths: rounded(gibMonths(month, byteMillis), quantityDigits),
    share: rounded(share, quantityDigits),
    registryCost,
    storageCost,
    cost: rounded(registryCost + storageCost),
  };
}

function beyondIncluded(month: Month, { millis, byteMillis }: TierTime, includedBytes: number): number {
  const beyond = BigInt(byteMillis) - BigInt(includedBytes) * BigInt(millis);
  return beyond > 0n ? gibMonths(month, beyond) : 0;
}

function item(
  name: CostItem["name"],
  tier: Tier,
  quantity: number,
  unit: CostItem["unit"],
  unitPrice: number,
): CostItem {
  return {
    name,
    tier,
    quantity: rounded(quantity, quantityDigits),
    unit,
    unitPrice,
    cost: rounded(quantity * unitPrice),
  };
}

function sum(items: readonly CostItem[]): number {
  return rounded(items.reduce((total, { cost }) => total + cost, 0));
}

function monthMillis(month: Month): number {
  return endOfMonth(month) - startOfMonth(month);
}

const costDigits = 6;
const quantityDigits = 9;

function rounded(value: number, digits = costDigits): number {
  return Number(value.toFixed(digits));
}

/** So that parts never add up to more than the whole. */
function roundedDown(value: number): number {
  return Math.floor(value * 10 ** costDigits) / 10 ** costDigits;
}
