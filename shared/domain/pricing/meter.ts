import { limits } from "../limits.ts";
import { endOfMonth, type Month, monthOf, startOfMonth } from "./month.ts";

/**
 * How many bytes there were for how long, month by month: bytes times ms, which outgrow what a number counts exactly, as decimals. The
 * present month and those before it that are kept; none where there was nothing.
 */
export interface Meter {
  /** When metering began, where there were bytes before. */
  readonly since?: number;
  /** Until when it has been metered. */
  readonly until: number;
  readonly months: Readonly<Record<Month, string>>;
}

/** The first of the months that are kept. */
export function firstMonth(now: number): Month {
  return monthOf(startOfMonth(monthOf(now), -limits.meteredMonthsMax));
}

/** The meter when there were so many bytes all the time until `now`. A clock that was set back adds nothing twice. */
export function bringForward(meter: Meter, bytes: number, now: number): Meter {
  if (now <= meter.until) return meter;
  const first = firstMonth(now);
  const months = Object.fromEntries(Object.entries(meter.months).filter(([month]) => month >= first));
  let from = Math.max(meter.until, startOfMonth(first));
  while (bytes > 0 && from < now) {
    const month = monthOf(from);
    const to = Math.min(now, endOfMonth(month));
    months[month] = String(meteredIn({ months }, month) + BigInt(bytes) * BigInt(to - from));
    from = to;
  }
  return { ...meter, until: now, months };
}

/** Bytes times ms. */
export function meteredIn({ months }: Pick<Meter, "months">, month: Month): bigint {
  return BigInt(months[month] ?? 0);
}
