import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Schedule } from "../../../host/schedule.ts";

const at = (text: string) => Date.parse(`2026-01-31T${text}Z`);

describe("a schedule", () => {
  it.each([
    ["0 * * * * *", "12:00:00", "12:01:00"],
    ["0 * * * * *", "12:00:59.999", "12:01:00"],
    ["0 17 * * * *", "12:17:00", "13:17:00"],
    ["0 17 * * * *", "12:16:59", "12:17:00"],
    ["*/15 * * * * *", "12:00:31", "12:00:45"],
    ["30 */20 * * * *", "12:40:30", "13:00:30"],
    ["* * * * * *", "12:00:00.001", "12:00:01"],
    ["0 0 3 * * *", "02:59:59", "03:00:00"],
  ])("%s is due after %s at %s", (text, from, due) => {
    expect(new Schedule(text).next(at(from))).toBe(at(due));
  });

  it("goes over midnight and the end of a month", () => {
    expect(new Schedule("0 0 3 * * *").next(at("03:00:00"))).toBe(Date.parse("2026-02-01T03:00:00Z"));
  });

  it("is due later than now, and within a day", () => {
    const field = (size: number) =>
      fc.oneof(
        fc.constant("*"),
        fc.nat(size - 1).map(String),
        fc.integer({ min: 1, max: size - 1 }).map((step) => `*/${step}`),
      );
    const texts = fc.tuple(field(60), field(60), field(24)).map((fields) => `${fields.join(" ")} * * *`);
    fc.assert(
      fc.property(texts, fc.nat(4e12), (text, now) => {
        const due = new Schedule(text).next(now);
        expect(due).toBeGreaterThan(now);
        expect(due).toBeLessThanOrEqual(now + 86_400_000);
      }),
    );
  });

  it.each([
    "",
    "* * * * *",
    "0 0 0 1 * *",
    "0 0 0 * * 1",
    "60 * * * * *",
    "0 0 24 * * *",
    "0-5 * * * * *",
    "0,30 * * * * *",
    "*/0 * * * * *",
    "00:05:00",
    "%SCHEDULE%",
  ])("is refused when it is none that this host knows: %s", (text) => {
    expect(() => new Schedule(text)).toThrow(/this host knows schedules of six fields.*$/);
  });
});
