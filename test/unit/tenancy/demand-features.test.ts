import { describe, expect, test } from "vitest";
import type { RegistryPolicies } from "../../../shared/catalog/registry-documents.ts";
import { type LifecyclePolicy, untaggedRule } from "../../../shared/domain/lifecycle.ts";
import { type Tier, usualTiers } from "../../../shared/domain/tiers/table.ts";
import { demandFeatures } from "../../../shared/tenancy/demand-features.ts";

const off: RegistryPolicies = { sparseManifests: false };
const denied = (message: string) => expect.objectContaining({ code: "DENIED", status: 403, message });
const noPulls = denied("tier Basic does not include pulls without login; Standard and Premium do");
const noRules = (tier: Tier) => denied(`tier ${tier} does not include lifecycle rules; Premium does`);
const noSoftDelete = denied("tier Basic does not include soft delete; Standard and Premium do");

function lifecycle(...days: readonly number[]): LifecyclePolicy {
  return { rules: days.map(untaggedRule), immutableTags: [] };
}

/** Changes policies of a registry of that tier from what is on. */
function changing(tier: Tier, on: Partial<RegistryPolicies> = {}, tiers = usualTiers) {
  const policies = { ...off, ...on };
  return (change: Partial<RegistryPolicies>) => () =>
    demandFeatures(tiers, { tier, policies }, { ...policies, ...change });
}

describe("what a tier does not include", () => {
  test("is not switched on", () => {
    const basic = changing("Basic");
    expect(basic({ anonymousPull: "all" })).toThrow(noPulls);
    expect(basic({ anonymousPull: "selected" })).toThrow(noPulls);
    expect(basic({ lifecycle: lifecycle(30) })).toThrow(noRules("Basic"));
    const standard = changing("Standard");
    standard({ anonymousPull: "all" })();
    expect(standard({ lifecycle: lifecycle(30) })).toThrow(noRules("Standard"));
  });

  test("is not what other policies need", () => {
    const tags = [{ repositories: ["**"], tags: ["v*"] }];
    changing("Basic")({ lifecycle: { rules: [], immutableTags: tags }, sparseManifests: true })();
    changing("Basic")({ softDelete: { enabled: true, days: 90 } })();
    changing("Premium")({ anonymousPull: "all", lifecycle: lifecycle(30) })();
  });

  test("is what the operator's table says", () => {
    const Basic = { ...usualTiers.Basic, retention: true, softDelete: false };
    const basic = changing("Basic", {}, { ...usualTiers, Basic });
    basic({ lifecycle: lifecycle(30) })();
    basic({ softDelete: { enabled: false, days: 7 } })();
    expect(basic({ softDelete: { enabled: true, days: 7 } })).toThrow(noSoftDelete);
  });

  test("and is on all the same, stays on, and can be made less but not more", () => {
    const softDelete = { enabled: true, days: 7 };
    const on: Partial<RegistryPolicies> = {
      anonymousPull: "all",
      lifecycle: lifecycle(30, 60),
      softDelete,
    };
    const Basic = { ...usualTiers.Basic, softDelete: false };
    const basic = changing("Basic", on, { ...usualTiers, Basic });
    basic({ sparseManifests: true })();
    basic({ softDelete: { ...softDelete, updatedAt: 5 } })();
    basic({ lifecycle: lifecycle(60) })();
    basic({ lifecycle: lifecycle(), softDelete: { ...softDelete, enabled: false } })();
    expect(basic({ softDelete: { ...softDelete, days: 8 } })).toThrow(noSoftDelete);
    expect(basic({ anonymousPull: "selected" })).toThrow(noPulls);
    expect(basic({ lifecycle: lifecycle(30, 90) })).toThrow(noRules("Basic"));
  });

  test("of rules for networks, too: they can be fewer, and not others", () => {
    const ipRules = ["203.0.113.1", "203.0.113.2"];
    const basic = changing("Basic", { network: { defaultAction: "Deny", ipRules } });
    const refusal = denied("tier Basic does not include network rules; Premium does");
    basic({ network: { defaultAction: "Deny", ipRules: ["203.0.113.2"] } })();
    basic({ network: { defaultAction: "Allow", ipRules } })();
    expect(basic({ network: { defaultAction: "Deny", ipRules: ["203.0.113.3"] } })).toThrow(refusal);
    expect(basic({ publicNetworkAccess: "Disabled" })).toThrow(refusal);
    const kept = changing("Basic", { network: { defaultAction: "Allow", ipRules } });
    expect(kept({ network: { defaultAction: "Deny", ipRules } })).toThrow(refusal);
  });
});
