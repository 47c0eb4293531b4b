import { type Tier, tiers } from "../tiers/table.ts";
import { firstMonth, type Meter, meteredIn } from "./meter.ts";
import { endOfMonth, type Month, monthOf, startOfMonth } from "./month.ts";

/** For how long a registry was of a tier, and what it stored then, in bytes times ms. */
export interface TierTime {
  readonly millis: number;
  readonly byteMillis: string;
}

/** Which tiers a registry was of in a month. */
export type TierTimes = Readonly<Partial<Record<Tier, TierTime>>>;
export type TierMonths = Readonly<Record<Month, TierTimes>>;

/**
 * Gives a tier all of the time since the registry was made, and all that was metered, that no other tier has yet: whenever the tier
 * changes, to the one that it was, and when somebody asks, to the one that it is. However often it changes, no more is kept than the
 * sums of each month.
 */
export function attributeToTier(
  before: TierMonths | undefined,
  tier: Tier,
  { createdAt, meter }: { readonly createdAt: number; readonly meter: Pick<Meter, "months"> | undefined },
  now: number,
): TierMonths {
  const months: Record<Month, TierTimes> = {};
  const oldest = startOfMonth(firstMonth(now));
  for (let from = Math.max(createdAt, oldest); from < now; ) {
    const month = monthOf(from);
    const to = Math.min(now, endOfMonth(month));
    const known = before?.[month] ?? {};
    const rest = restOf(known, to - from, meter === undefined ? 0n : meteredIn(meter, month));
    const { millis, byteMillis } = known[tier] ?? { millis: 0, byteMillis: "0" };
    const time = { millis: millis + rest.millis, byteMillis: String(BigInt(byteMillis) + rest.byteMillis) };
    months[month] = time.millis === 0 ? known : { ...known, [tier]: time };
    from = to;
  }
  return months;
}

/** None where a clock was set back. */
function restOf(
  known: TierTimes,
  millis: number,
  byteMillis: bigint,
): { millis: number; byteMillis: bigint } {
  let rest = { millis, byteMillis };
  for (const tier of tiers) {
    const time = known[tier];
    if (time === undefined) continue;
    rest = { millis: rest.millis - time.millis, byteMillis: rest.byteMillis - BigInt(time.byteMillis) };
  }
  return {
    millis: Math.max(0, rest.millis),
    byteMillis: rest.byteMillis < 0n ? 0n : rest.byteMillis,
  };
}
