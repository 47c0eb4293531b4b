import { isJsonObject, parseJsonSetting } from "../json-setting.ts";
import { asTier, type Tier, tiers } from "../tiers/table.ts";

/** What a tier costs, in the currency of the prices. */
export interface TierPrices {
  /** A registry for a whole month. */
  readonly registryMonth: number;
  /** A GiB for a whole month, beyond what the tier includes. */
  readonly gibMonth: number;
}

export interface Prices extends Readonly<Record<Tier, TierPrices>> {
  /** As ISO 4217 has it. */
  readonly currency: string;
}

const figures = ["registryMonth", "gibMonth"] as const satisfies readonly (keyof TierPrices)[];
/** Above it a sum of costs is not exact any more. */
const priceMax = 1_000_000_000;

/**
 * An operator's prices: JSON such as `{"currency":"USD","Basic":{"registryMonth":5,"gibMonth":0.1},"Standard":…,"Premium":…}`. All
 * of it has to be there: a price that is missing would be a guess.
 * @returns undefined when there are none
 * @throws Error with one line that names the price and what it should be
 */
export function readPrices(text: string | undefined, variable: string): Prices | undefined {
  if (text === undefined || text === "") return undefined;
  const value = parseJsonSetting(text, variable);
  if (!isJsonObject(value)) throw new Error(`${variable} is an object with currency, ${tiers.join(", ")}`);
  for (const name of Object.keys(value)) {
    if (name !== "currency" && !tiers.some((tier) => tier === asTier(name)))
      throw new Error(
        `${variable} has ${JSON.stringify(name.slice(0, 50))}; it has currency, ${tiers.join(", ")}`,
      );
  }
  const { currency } = value;
  if (typeof currency !== "string" || !/^[A-Z]{3}$/.test(currency))
    throw new Error(`${variable}: currency is three capital letters, such as USD`);
  const given = new Map(Object.entries(value).map(([name, prices]) => [asTier(name), prices]));
  const [Basic, Standard, Premium] = [
    pricesOf(variable, "Basic", given.get("Basic")),
    pricesOf(variable, "Standard", given.get("Standard")),
    pricesOf(variable, "Premium", given.get("Premium")),
  ];
  return { currency, Basic, Standard, Premium };
}

function pricesOf(variable: string, tier: Tier, given: unknown): TierPrices {
  if (!isJsonObject(given)) throw new Error(`${variable}: ${tier} is an object with ${figures.join(", ")}`);
  for (const name of Object.keys(given)) {
    if (!figures.some((figure) => figure === name))
      throw new Error(`${variable}: ${tier}.${name.slice(0, 50)} is none of ${figures.join(", ")}`);
  }
  const price = (figure: keyof TierPrices): number => {
    const amount = given[figure];
    if (typeof amount === "number" && amount >= 0 && amount <= priceMax) return amount;
    throw new Error(`${variable}: ${tier}.${figure} is a number from 0 to ${priceMax}`);
  };
  return { registryMonth: price("registryMonth"), gibMonth: price("gibMonth") };
}
