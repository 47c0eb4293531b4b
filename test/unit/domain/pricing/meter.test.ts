import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import { bringForward, firstMonth, type Meter } from "../../../../shared/domain/pricing/meter.ts";
import { asMonth, endOfMonth, monthOf, startOfMonth } from "../../../../shared/domain/pricing/month.ts";

const day = 86_400_000;
const from = (at: number): Meter => ({ until: at, months: {} });

describe("months", () => {
  test("are those of the calendar, in UTC", () => {
    expect(monthOf(Date.UTC(2026, 10, 30, 23, 59, 59, 999))).toBe("2026-11");
    expect(monthOf(Date.UTC(2026, 11, 1))).toBe("2026-12");
    expect(startOfMonth("2026-01")).toBe(Date.UTC(2026, 0, 1));
    expect(startOfMonth("2026-01", -12)).toBe(Date.UTC(2025, 0, 1));
    expect(endOfMonth("2026-12")).toBe(Date.UTC(2027, 0, 1));
    expect((endOfMonth("2028-02") - startOfMonth("2028-02")) / day).toBe(29);
    expect((endOfMonth("2100-02") - startOfMonth("2100-02")) / day).toBe(28);
    expect(startOfMonth("0001-01")).toBe(Date.parse("0001-01-01T00:00:00Z"));
  });

  test.each(["2026-00", "2026-13", "2026-1", "26-11", "2026-11-01", "november", "", " 2026-11", "2026-11\n"])(
    "are not %j",
    (text) => {
      expect(asMonth(text)).toBeUndefined();
    },
  );
});

describe("a meter", () => {
  test("splits at the ends of months, also in a leap year", () => {
    const meter = bringForward(from(Date.UTC(2028, 0, 31)), 10, Date.UTC(2028, 2, 2));
    expect(meter).toEqual({
      until: Date.UTC(2028, 2, 2),
      months: { "2028-01": `${10 * day}`, "2028-02": `${29 * 10 * day}`, "2028-03": `${10 * day}` },
    });
  });

  test("counts no time twice when the clock is set back", () => {
    const at = Date.UTC(2026, 10, 10);
    const meter = bringForward(from(at), 7, at + day);
    expect(bringForward(meter, 1_000, at)).toBe(meter);
    expect(bringForward(meter, 1_000, at + day)).toBe(meter);
    expect(bringForward(meter, 7, at + 2 * day).months).toEqual({ "2026-11": `${14 * day}` });
  });

  test("keeps the present month and those before it, and no others", () => {
    const start = Date.UTC(2020, 0, 1);
    const now = Date.UTC(2026, 10, 20);
    const { months } = bringForward(bringForward(from(start), 3, Date.UTC(2025, 11, 5)), 3, now);
    expect(Object.keys(months)).toHaveLength(limits.meteredMonthsMax + 1);
    expect(Object.keys(months).sort()[0]).toBe("2025-11");
    expect(firstMonth(now)).toBe("2025-11");
    expect(months["2025-12"]).toBe(String(31 * 3 * day));
  });

  test("is exact however many bytes there are", () => {
    const bytes = 100 * 1024 ** 4 + 1;
    const { months } = bringForward(from(Date.UTC(2026, 0, 1)), bytes, Date.UTC(2026, 1, 1));
    expect(months["2026-01"]).toBe(String(BigInt(bytes) * BigInt(31 * day)));
  });

  test("has nothing of a time in which there was nothing, or less by some mistake", () => {
    for (const bytes of [0, -5]) {
      expect(bringForward(from(0), bytes, day)).toEqual({ until: day, months: {} });
    }
  });

  test("has the same however often it is brought forward on the way", () => {
    const begin = Date.UTC(2026, 0, 15, 7);
    const years = 2 * 365 * day;
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.integer({ min: 0, max: years }), bytes: fc.nat(1e15) }), {
          maxLength: 8,
        }),
        fc.array(fc.integer({ min: -day, max: years + day }), { maxLength: 40 }),
        (changes, looks) => {
          const sorted = changes.toSorted((a, b) => a.at - b.at);
          const run = (times: readonly number[]) => {
            let meter = from(begin);
            let bytes = 1;
            for (const change of [...sorted, { at: years, bytes: 0 }]) {
              for (const at of times.filter((time) => time < change.at))
                meter = bringForward(meter, bytes, begin + at);
              meter = bringForward(meter, bytes, begin + change.at);
              bytes = change.bytes;
            }
            return meter;
          };
          expect(run(looks)).toEqual(run([]));
        },
      ),
    );
  });
});
