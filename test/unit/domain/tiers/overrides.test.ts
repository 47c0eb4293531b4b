import { describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import { readTiers } from "../../../../shared/domain/tiers/overrides.ts";
import { usualTiers } from "../../../../shared/domain/tiers/table.ts";

const read = (value: unknown) => readTiers(JSON.stringify(value), "TIERS");

describe("an operator's figures", () => {
  test("are the usual ones when he says nothing", () => {
    for (const text of [undefined, "", "{}"]) expect(readTiers(text, "TIERS")).toEqual(usualTiers);
  });

  test("take the place of the usual ones, one by one", () => {
    const table = read({ basic: { tokensMax: 200, retention: true }, Premium: { storageBytesMax: 0 } });
    expect(table).toEqual({
      Basic: { ...usualTiers.Basic, tokensMax: 200, retention: true },
      Standard: usualTiers.Standard,
      Premium: { ...usualTiers.Premium, storageBytesMax: 0 },
    });
    expect(usualTiers.Basic.tokensMax).toBe(100);
  });

  test("do not go beyond what the registry is made for", () => {
    const largest = {
      layerBytesMax: limits.blobBytesMax,
      manifestBytesMax: limits.manifestBytesMax,
      scopeMapActionsMax: limits.scopeMapActionsMax,
      trustRulesMax: limits.trustRulesMax,
    };
    expect(read({ Premium: largest }).Premium).toMatchObject(largest);
    for (const [figure, max] of Object.entries(largest)) {
      expect(() => read({ Premium: { [figure]: max + 1 } })).toThrow(
        `TIERS: Premium.${figure} is a whole number from 0 to ${max}`,
      );
    }
  });

  test.each([
    ["{", "TIERS is not JSON"],
    ["[]", "TIERS is an object with the tiers Basic, Standard, Premium"],
    ["null", "TIERS is an object with the tiers"],
    ['{"Free":{}}', 'TIERS has "Free"; the tiers are Basic, Standard, Premium'],
    ['{"Basic":7}', 'TIERS has "Basic"; it is an object with figures'],
    ['{"Basic":{"tokens":7}}', "TIERS: Basic.tokens is none of offered,"],
    ['{"Basic":{"__proto__":7}}', "TIERS: Basic.__proto__ is none of"],
    ['{"Basic":{"constructor":7}}', "TIERS: Basic.constructor is none of"],
    ['{"Basic":{"tokensMax":"7"}}', "TIERS: Basic.tokensMax is a whole number from 0 to"],
    ['{"Basic":{"tokensMax":-1}}', "TIERS: Basic.tokensMax is a whole number"],
    ['{"Basic":{"tokensMax":1.5}}', "TIERS: Basic.tokensMax is a whole number"],
    ['{"Basic":{"tokensMax":true}}', "TIERS: Basic.tokensMax is a whole number"],
    ['{"Basic":{"readsPerMinute":0}}', "TIERS: Basic.readsPerMinute is a whole number from 1 to"],
    ['{"Basic":{"retention":1}}', "TIERS: Basic.retention is true or false"],
  ])("are refused with one line when they are %s", (text, message) => {
    expect(() => readTiers(text, "TIERS")).toThrow(message);
  });
});
