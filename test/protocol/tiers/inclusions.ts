import type { Feature } from "../../../shared/domain/tiers/refusals.ts";
import type { TierFigures } from "../../../shared/domain/tiers/table.ts";

/** How a feature shows whether the tier includes it. */
export interface Inclusion {
  /** What is not included, as the refusal says. */
  readonly what: string;
  /** The registry's properties that switch it on. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** What the tier has to include besides. */
  readonly needs?: Partial<TierFigures>;
}

export const inclusions: Readonly<Partial<Record<Feature, Inclusion>>> = {
  anonymousPull: { what: "pulls without login", properties: { anonymousPullEnabled: true } },
  retention: {
    what: "lifecycle rules",
    properties: { policies: { retentionPolicy: { status: "enabled", days: 7 } } },
  },
  softDelete: {
    what: "soft delete",
    properties: { policies: { softDeletePolicy: { status: "enabled", retentionDays: 7 } } },
  },
  networkRules: {
    what: "network rules",
    properties: { networkRuleSet: { defaultAction: "Deny" } },
  },
  exportPolicy: {
    what: "an export policy",
    properties: { publicNetworkAccess: "Disabled", policies: { exportPolicy: { status: "disabled" } } },
    needs: { networkRules: true },
  },
};
