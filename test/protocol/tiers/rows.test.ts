import { describe, expect, test } from "vitest";
import type { Feature, NumberFigure } from "../../../shared/domain/tiers/refusals.ts";
import {
  type Tier,
  type TierFigures,
  type TierTable,
  tiers,
  usualTiers,
} from "../../../shared/domain/tiers/table.ts";
import { projectFiles, readProjectFile } from "../../architecture/project-files.ts";
import { type Bound, bounds, type Refusal } from "./bounds.ts";
import { type Inclusion, inclusions } from "./inclusions.ts";
import { openTenant, type Tenant } from "./tenant.ts";

// Each figure of the table bites in each tier where the table says, is told, and follows the operator's setting.

/** Figures that bound nothing, with the reason. */
const boundNothing: Readonly<Partial<Record<keyof TierFigures, string>>> = {
  includedBytes: "the price includes it; more is stored all the same",
  webhooksMax: "there are no webhooks",
  regionsMax: "a registry is in one region",
};

const figures = Object.keys(usualTiers.Basic) as (keyof TierFigures)[];
const numbers = Object.entries(bounds) as [NumberFigure, Bound][];
const features = Object.entries(inclusions) as [Feature, Inclusion][];

test("every figure of the table bites in a test here, offered in the one beside, or is said to bound nothing", () => {
  const told = [...Object.keys(bounds), ...Object.keys(inclusions), ...Object.keys(boundNothing), "offered"];
  expect(told.toSorted()).toEqual(figures.toSorted());
});

test("what is said to bound nothing is read by nothing but the usages", () => {
  const readers = projectFiles("shared").filter((path) => !path.startsWith("shared/domain/tiers/"));
  for (const figure of Object.keys(boundNothing)) {
    const reads = new RegExp(`\\bfigures?(Of\\(.*\\))?\\.${figure}\\b|\\b"${figure}"`);
    const found = readers.filter((path) => reads.test(readProjectFile(path)));
    expect(found, figure).toEqual(
      figure === "includedBytes" ? ["shared/http/management/answer-usages.ts"] : [],
    );
  }
});

function overridden(
  tier: Tier,
  figure: keyof TierFigures,
  value: number | boolean,
  needs: Partial<TierFigures> = {},
): string {
  return JSON.stringify({ [tier]: { ...needs, [figure]: value } });
}

/** What lifts a limit: each tier that allows more, and how much. */
function lifts(table: TierTable, tier: Tier, figure: NumberFigure, says: Bound["says"]): string {
  const higher = tiers.filter((other) => table[other][figure] > table[tier][figure]);
  if (higher.length === 0) return "no tier allows more";
  const amounts = higher.map(
    (other) => `${other}${other === higher[0] ? " allows" : ""} ${says[tiers.indexOf(other)]}`,
  );
  return amounts.join(", ");
}

/** A figure as the table has it, and another one, as the operator sets it. */
const ways = ["usual", "operator's"] as const;

describe.each(tiers)("in tier %s", (tier) => {
  describe.each(ways)("the %s figure", (way) => {
    test.each(numbers)("%s is what is allowed, and no more", async (figure, bound) => {
      const isUsual = way === "usual";
      const limit = isUsual ? usualTiers[tier][figure] : bound.other;
      const { needs } = bound;
      const isTable = isUsual && needs === undefined;
      const tenant = await openTenant(tier, isTable ? undefined : overridden(tier, figure, limit, needs));
      const refusal = await bound.exceed(tenant, limit);
      const amount = isUsual ? bound.says[tiers.indexOf(tier)] : otherAmount(figure, bound.other);
      expect(refusal).toMatchObject({
        status: bound.status,
        code: bound.code,
        message: `tier ${tier} allows ${amount} ${bound.what}; ${lifts(tenant.tiers, tier, figure, bound.says)}`,
        ...(bound.code === "Forbidden" ? {} : { detail: { tier, figure, limit } }),
      });
      if (bound.status !== 429) return;
      expect(await retryAfters(tenant, refusal)).toEqual(isUsual ? ["1"] : ["10", "7", "4", "1"]);
    });
  });

  test.each(features)("%s is switched on where the tier includes it", async (feature, inclusion) => {
    for (const included of [usualTiers[tier][feature], !usualTiers[tier][feature]]) {
      const tenant = await openTenant(tier, overridden(tier, feature, included, inclusion.needs));
      const answer = await tenant.manage("PATCH", "", { properties: inclusion.properties });
      expect(answer.status, String(included)).toBe(included ? 200 : 403);
      if (included) continue;
      const higher = tiers.filter((other) => tenant.tiers[other][feature]);
      const does = ["no tier does", `${higher[0]} does`, `${higher.join(" and ")} do`][higher.length];
      expect(JSON.parse(answer.body.toString())).toEqual({
        error: { code: "Forbidden", message: `tier ${tier} does not include ${inclusion.what}; ${does}` },
      });
    }
  });
});

/** What `Retry-After` says to who asks again each three seconds, and when it says, until he is let through. */
async function retryAfters(tenant: Tenant, refusal: Refusal | undefined): Promise<unknown[]> {
  const told: unknown[] = [];
  for (let next = refusal; next !== undefined && told.length < 10; next = await refusal?.again?.()) {
    told.push(next.retryAfter);
    tenant.advance(Math.min(3, Number(next.retryAfter)) * 1_000);
  }
  return told;
}

function otherAmount(figure: NumberFigure, amount: number): string {
  return figure.includes("Bytes") ? `${amount.toLocaleString("en")} bytes` : amount.toLocaleString("en");
}
