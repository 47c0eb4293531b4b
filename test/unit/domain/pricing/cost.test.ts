import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costOfMonth, shareOf } from "../../../../shared/domain/pricing/cost.ts";
import { bringForward } from "../../../../shared/domain/pricing/meter.ts";
import { monthOf } from "../../../../shared/domain/pricing/month.ts";
import type { Prices } from "../../../../shared/domain/pricing/prices.ts";
import { attributeToTier, type TierMonths } from "../../../../shared/domain/pricing/tier-months.ts";
import { type Tier, tiers, usualTiers } from "../../../../shared/domain/tiers/table.ts";

const day = 86_400_000;
const gibibyte = 1024 ** 3;
const prices: Prices = {
  currency: "EUR",
  Basic: { registryMonth: 5, gibMonth: 0.1 },
  Standard: { registryMonth: 20, gibMonth: 0.08 },
  Premium: { registryMonth: 50, gibMonth: 0.06 },
};

/** What a registry of so many GiB costs in a month in which it changes its tier. */
function costOf(month: string, createdAt: number, gib: number, steps: readonly (readonly [Tier, number])[]) {
  let meter = { until: createdAt, months: {} };
  let times: TierMonths | undefined;
  for (const [tier, until] of steps) {
    meter = bringForward(meter, gib * gibibyte, until);
    times = attributeToTier(times, tier, { createdAt, meter }, until);
  }
  return costOfMonth(month, times?.[month] ?? {}, usualTiers, prices);
}

describe("a month's cost", () => {
  test("is the tier's price, and that of what is beyond the included bytes", () => {
    const november = [Date.UTC(2026, 10, 1), Date.UTC(2026, 11, 1)] as const;
    expect(costOf("2026-11", november[0], 30, [["Basic", november[1]]])).toEqual({
      items: [
        { name: "Registry", tier: "Basic", quantity: 1, unit: "Month", unitPrice: 5, cost: 5 },
        { name: "Storage", tier: "Basic", quantity: 20, unit: "GiBMonth", unitPrice: 0.1, cost: 2 },
      ],
      total: 7,
    });
    expect(costOf("2026-11", november[0], 9, [["Basic", november[1]]]).total).toBe(5);
  });

  test("is that of the time that the registry was there, by the length of the month", () => {
    const created = Date.UTC(2028, 1, 15);
    const { items, total } = costOf("2028-02", created, 39, [["Basic", Date.UTC(2028, 2, 7)]]);
    expect(items[0]?.quantity).toBeCloseTo(15 / 29, 9);
    expect(items[1]?.quantity).toBeCloseTo((29 * 15) / 29, 9);
    expect(total).toBeCloseTo((15 / 29) * 5 + 1.5, 6);
    expect(costOf("2028-03", created, 39, [["Basic", Date.UTC(2028, 3, 1)]]).total).toBe(7.9);
  });

  test("of several tiers is that of each for its time", () => {
    const start = Date.UTC(2026, 10, 1);
    const { items, total } = costOf("2026-11", start, 30, [
      ["Basic", start + 10 * day],
      ["Premium", start + 15 * day],
      ["Basic", start + 20 * day],
      ["Standard", start + 30 * day],
    ]);
    expect(items.map(({ name, tier, cost }) => [name, tier, cost])).toEqual([
      ["Registry", "Basic", 2.5],
      ["Storage", "Basic", 1],
      ["Registry", "Standard", 6.666667],
      ["Storage", "Standard", 0],
      ["Registry", "Premium", 8.333333],
      ["Storage", "Premium", 0],
    ]);
    expect(total).toBe(18.5);
  });

  test("has all of the time and of the bytes, however often the tier changes and clocks are set back", () => {
    const createdAt = Date.UTC(2026, 4, 7, 3);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...tiers), fc.integer({ min: -day, max: 20 * day }), fc.nat(1e9)), {
          minLength: 1,
          maxLength: 30,
        }),
        (steps) => {
          let meter = { until: createdAt, months: {} as Readonly<Record<string, string>> };
          let times: TierMonths | undefined;
          let [now, latest] = [createdAt, createdAt];
          for (const [tier, passed, bytes] of steps) {
            now = Math.max(createdAt, now + passed);
            latest = Math.max(latest, now);
            meter = bringForward(meter, bytes, now);
            times = attributeToTier(times, tier, { createdAt, meter }, now);
          }
          times = attributeToTier(times, "Basic", { createdAt, meter }, latest + 1);
          const sums = Object.entries(times).map(([month, of]) => {
            const all = Object.values(of);
            return [
              month,
              all.reduce((sum, { millis }) => sum + millis, 0),
              all.reduce((sum, { byteMillis }) => sum + BigInt(byteMillis), 0n),
            ];
          });
          const lived = bringForward({ until: createdAt, months: {} }, 1, latest + 1).months;
          const wanted = Object.entries(lived).map(([month, millis]) => [
            month,
            Number(millis),
            BigInt(meter.months[month] ?? 0),
          ]);
          expect(sums).toEqual(wanted.filter(([month]) => String(month) >= String(sums[0]?.[0])));
        },
      ),
    );
  });

  test("notes of a registry that is older than what is kept no more than that", () => {
    const now = Date.UTC(2026, 10, 20);
    const meter = { months: {} };
    const before = attributeToTier(undefined, "Basic", { createdAt: 0, meter }, Date.UTC(2025, 11, 1));
    const times = attributeToTier(before, "Premium", { createdAt: 0, meter }, now);
    expect(Object.keys(times).sort()[0]).toBe("2025-11");
    expect(Object.keys(times)).toHaveLength(13);
    expect(times["2025-11"]).toEqual({ Basic: { millis: 30 * day, byteMillis: "0" } });
    expect(monthOf(now) in times).toBe(true);
  });
});

describe("a repository's part", () => {
  const start = Date.UTC(2026, 10, 1);
  const cost = costOf("2026-11", start, 30, [["Basic", start + 30 * day]]);
  const month = BigInt(30 * day) * BigInt(gibibyte);

  test("is by what it had for how long, of the registry's price and of the storage's", () => {
    const whole = { repositories: 40n * month, stored: 30n * month };
    expect(shareOf("2026-11", cost, 10n * month, whole)).toEqual({
      gibMonths: 10,
      share: 0.25,
      registryCost: 1.25,
      storageCost: 0.5,
      cost: 1.75,
    });
  });

  test("does not pay for what no repository has", () => {
    const whole = { repositories: 10n * month, stored: 30n * month };
    expect(shareOf("2026-11", cost, 10n * month, whole)).toMatchObject({ registryCost: 1.666666 });
    expect(shareOf("2026-11", cost, 0n, { repositories: 0n, stored: 0n })).toMatchObject({ cost: 0 });
  });

  test("is with all others never more than the registry's cost", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1e12), { minLength: 1, maxLength: 20 }), (had) => {
        const repositories = had.reduce((sum, one) => sum + BigInt(one), 0n);
        const parts = had.map(
          (one) => shareOf("2026-11", cost, BigInt(one), { repositories, stored: 0n }).cost,
        );
        const micros = parts.reduce((sum, part) => sum + Math.round(part * 1e6), 0);
        expect(micros).toBeLessThanOrEqual(cost.total * 1e6);
        if (repositories > 0n) expect(micros).toBeGreaterThan(cost.total * 1e6 - 2 * had.length - 1);
      }),
    );
  });
});
