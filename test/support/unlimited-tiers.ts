import { usualTiers } from "../../shared/domain/tiers/table.ts";

/** `TIERS` of a registry whose requests are not counted out: a test sends in seconds what users send in minutes. */
export const unlimitedRates = JSON.stringify({
  Premium: Object.fromEntries(
    Object.keys(usualTiers.Premium)
      .filter((figure) => figure.includes("PerMinute"))
      .map((figure) => [figure, 1_000_000_000]),
  ),
});
