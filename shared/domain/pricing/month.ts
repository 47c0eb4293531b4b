/** A calendar month in UTC, such as `2026-11`: as text they sort by time. */
export type Month = string;

export function monthOf(at: number): Month {
  return new Date(at).toISOString().slice(0, 7);
}

/** Undefined: it is none. */
export function asMonth(text: string): Month | undefined {
  return /^[0-9]{4}-(0[1-9]|1[0-2])$/.test(text) ? text : undefined;
}

/** @param later the month so many after it, or before it when below 0 */
export function startOfMonth(month: Month, later = 0): number {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return new Date(0).setUTCFullYear(year, number - 1 + later, 1);
}

export function endOfMonth(month: Month): number {
  return startOfMonth(month, 1);
}
