import { describe, expect, test } from "vitest";
import {
  asTier,
  figuresOf,
  type TierFigures,
  tierOf,
  tiers,
  usualTiers,
} from "../../../../shared/domain/tiers/table.ts";

const names = Object.keys(usualTiers.Basic) as (keyof TierFigures)[];

describe("a tier", () => {
  test("allows no less than the one below it", () => {
    for (const name of names) {
      const figures = tiers.map((tier) => Number(usualTiers[tier][name]));
      expect(figures, name).toEqual(figures.toSorted((one, other) => one - other));
    }
  });

  test("lets one identity ask for no more than the whole registry", () => {
    const each = names.filter((name) => name.endsWith("Each"));
    expect(each).toHaveLength(4);
    for (const tier of tiers) {
      for (const name of each) {
        const whole = usualTiers[tier][name.slice(0, -"Each".length) as keyof TierFigures];
        expect(Number(usualTiers[tier][name]), `${tier}.${name}`).toBeLessThanOrEqual(Number(whole));
      }
    }
  });

  test("is meant in whatever case its name is written", () => {
    expect(["basic", "STANDARD", "Premium"].map(asTier)).toEqual(tiers);
    for (const text of ["", "Classic", "Basic ", "Free"]) expect(asTier(text), text).toBeUndefined();
  });

  test("of a registry from before there were tiers is Premium", () => {
    expect(tierOf({})).toBe("Premium");
    expect(tierOf({ tier: "Basic" })).toBe("Basic");
    expect(figuresOf(usualTiers, { tier: "Standard" })).toBe(usualTiers.Standard);
  });
});
