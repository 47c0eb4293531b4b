import { isJsonObject, parseJsonSetting } from "../json-setting.ts";
import { limits } from "../limits.ts";
import { asTier, type Tier, type TierFigures, type TierTable, tiers, usualTiers } from "./table.ts";

/** What no tier can allow more of, since memory and documents are made for it. */
const bounds: Readonly<Partial<Record<keyof TierFigures, number>>> = {
  layerBytesMax: limits.blobBytesMax,
  manifestBytesMax: limits.manifestBytesMax,
  scopeMapActionsMax: limits.scopeMapActionsMax,
  trustRulesMax: limits.trustRulesMax,
};

/**
 * The usual table with an operator's figures in it: JSON such as `{"Basic":{"tokensMax":200},"Standard":{"retention":true}}`.
 * @throws Error with one line that names the figure and what it should be
 */
export function readTiers(text: string | undefined, variable: string): TierTable {
  if (text === undefined || text === "") return usualTiers;
  const value = parseJsonSetting(text, variable);
  if (!isJsonObject(value)) throw new Error(`${variable} is an object with the tiers ${tiers.join(", ")}`);
  const table: Record<keyof TierTable, TierFigures> = { ...usualTiers };
  for (const [name, figures] of Object.entries(value)) {
    const tier = asTier(name);
    const named = `${variable} has ${JSON.stringify(name.slice(0, 50))}`;
    if (tier === undefined) throw new Error(`${named}; the tiers are ${tiers.join(", ")}`);
    if (!isJsonObject(figures)) throw new Error(`${named}; it is an object with figures`);
    for (const [figure, given] of Object.entries(figures)) {
      const where = `${variable}: ${tier}.${figure.slice(0, 50)}`;
      table[tier] = { ...table[tier], [checkedName(where, figure)]: checkedValue(where, figure, given) };
    }
  }
  return table;
}

/**
 * The table in which no tier above the one named is offered, since a deployment provisions what it promises.
 * @param text absent: all that are offered stay so
 * @throws Error with one line
 */
export function offerUpTo(table: TierTable, text: string | undefined, variable: string): TierTable {
  if (text === undefined || text === "") return table;
  const above = tiers.slice(tiers.indexOf(namedTier(text, variable)) + 1);
  const notOffered = above.map((tier) => [tier, { ...table[tier], offered: false }] as const);
  return { ...table, ...Object.fromEntries(notOffered) };
}

/** @param text absent: the highest tier that is offered. @throws Error with one line */
export function readDefaultTier(table: TierTable, text: string | undefined, variable: string): Tier {
  const tier =
    text === undefined || text === ""
      ? tiers.findLast((candidate) => table[candidate].offered)
      : namedTier(text, variable);
  if (tier !== undefined && table[tier].offered) return tier;
  throw new Error(`${variable} is a tier that is offered`);
}

function namedTier(text: string, variable: string): Tier {
  const tier = asTier(text);
  if (tier === undefined) throw new Error(`${variable} is one of ${tiers.join(", ")}`);
  return tier;
}

function checkedName(where: string, figure: string): keyof TierFigures {
  if (Object.hasOwn(usualTiers.Basic, figure)) return figure as keyof TierFigures;
  throw new Error(`${where} is none of ${Object.keys(usualTiers.Basic).join(", ")}`);
}

function checkedValue(where: string, figure: string, given: unknown): number | boolean {
  const usual = usualTiers.Basic[figure as keyof TierFigures];
  if (typeof usual === "boolean") {
    if (typeof given === "boolean") return given;
    throw new Error(`${where} is true or false`);
  }
  // At none a minute nobody could be told when to come back.
  const min = /PerMinute/.test(figure) ? 1 : 0;
  const max = bounds[figure as keyof TierFigures] ?? Number.MAX_SAFE_INTEGER;
  if (typeof given === "number" && Number.isSafeInteger(given) && given >= min && given <= max) return given;
  throw new Error(`${where} is a whole number from ${min} to ${max}`);
}
