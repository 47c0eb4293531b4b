import type { RegistryPolicies } from "../../../catalog/registry-documents.ts";
import { type LifecyclePolicy, retentionPolicyRule, untaggedRule } from "../../../domain/lifecycle.ts";
import { limits } from "../../../domain/limits.ts";
import { malformed } from "../../json.ts";

/** Makes of a registry's policies those that are asked for. `now` in ms since 1970. */
export type PolicyChange = (policies: RegistryPolicies, now: number) => RegistryPolicies;

type Json = Readonly<Record<string, unknown>>;

/** The days of a `retentionPolicy` that says none. */
const retentionDaysUsual = 7;
const retentionDaysMax = 365;

/** Policies that have one status here: shown, and taken from templates, which ask for what there is anyway. */
export const onlyStatus: Readonly<Record<string, string>> = {
  azureADAuthenticationAsArmPolicy: "enabled",
  quarantinePolicy: "disabled",
  trustPolicy: "disabled",
};

/**
 * The `policies` of a registry, some of them, in the hosted service's shape; what is not named stays.
 * @throws RegistryError UNSUPPORTED with status 400
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/update
 */
export function parsePolicies(value: unknown): PolicyChange {
  const { softDeletePolicy, retentionPolicy, exportPolicy, ...others } = objectOf(value, "policies");
  for (const [name, policy] of Object.entries(others)) {
    const only = Object.hasOwn(onlyStatus, name) ? onlyStatus[name] : undefined;
    if (only === undefined) refuseOthers({ [name]: policy }, "policies");
    else if (objectOf(policy, name)["status"] !== only) throw malformed(`${name} is ${only} here`);
  }
  const soft = softDeletePolicy === undefined ? undefined : parseSoftDelete(softDeletePolicy);
  const retention = retentionPolicy === undefined ? undefined : parseRetention(retentionPolicy);
  const exporting = exportPolicy === undefined ? undefined : parseExportPolicy(exportPolicy);
  const changes = [soft, retention, exporting].filter((change) => change !== undefined);
  return (policies, now) => changes.reduce((changed, change) => change(changed, now), policies);
}

/**
 * Pulls without login, as the hosted service switches them, and, where only some repositories are to be open, which: `selected` are
 * those that are marked, `all` is usual.
 * @throws RegistryError UNSUPPORTED with status 400
 */
export function parseAnonymousPull(enabled: unknown, repositories: unknown): PolicyChange | undefined {
  if (enabled === undefined && repositories === undefined) return undefined;
  if (enabled !== undefined && typeof enabled !== "boolean")
    throw malformed("anonymousPullEnabled is true or false");
  if (repositories !== undefined && repositories !== "all" && repositories !== "selected")
    throw malformed("anonymousPullRepositories is all or selected");
  return ({ anonymousPull: before, ...policies }) => {
    if (!(enabled ?? before !== undefined)) return policies;
    return { ...policies, anonymousPull: repositories ?? before ?? "all" };
  };
}

function parseSoftDelete(value: unknown): PolicyChange {
  const { retentionDays, status, lastUpdatedTime: _, ...others } = objectOf(value, "softDeletePolicy");
  refuseOthers(others, "softDeletePolicy");
  const days = parseDays(retentionDays, "retentionDays", limits.softDeleteDaysMin, limits.softDeleteDaysMax);
  const enabled = parseStatus(status);
  return (policies, now) => {
    const before = policies.softDelete ?? { enabled: false, days: limits.softDeleteDaysUsual };
    const softDelete = { enabled: enabled ?? before.enabled, days: days ?? before.days, updatedAt: now };
    return { ...policies, softDelete };
  };
}

function parseExportPolicy(value: unknown): PolicyChange {
  const { status, ...others } = objectOf(value, "exportPolicy");
  refuseOthers(others, "exportPolicy");
  const enabled = parseStatus(status);
  return ({ exportPolicy: before, ...policies }) =>
    (enabled ?? before === undefined) ? policies : { ...policies, exportPolicy: "disabled" };
}

/** Stands for one rule of the lifecycle policy. */
function parseRetention(value: unknown): PolicyChange {
  const { days: daysValue, status, lastUpdatedTime: _, ...others } = objectOf(value, "retentionPolicy");
  refuseOthers(others, "retentionPolicy");
  const days = parseDays(daysValue, "days", 0, retentionDaysMax);
  const enabled = parseStatus(status);
  return (policies) => {
    const before = describeRetention(policies.lifecycle);
    const { rules, immutableTags } = policies.lifecycle ?? { rules: [], immutableTags: [] };
    const rest = rules.filter(({ name }) => name !== retentionPolicyRule);
    if (!(enabled ?? before.status === "enabled"))
      return { ...policies, lifecycle: { rules: rest, immutableTags } };
    return { ...policies, lifecycle: { rules: [...rest, untaggedRule(days ?? before.days)], immutableTags } };
  };
}

/** The `retentionPolicy` that the lifecycle policy amounts to. */
export function describeRetention(policy: LifecyclePolicy | undefined): {
  readonly days: number;
  readonly status: "enabled" | "disabled";
} {
  const rule = policy?.rules.find(({ name }) => name === retentionPolicyRule);
  return {
    days: rule?.olderThanDays ?? retentionDaysUsual,
    status: rule === undefined ? "disabled" : "enabled",
  };
}

function parseDays(value: unknown, field: string, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw malformed(`${field} is a whole number of days from ${min} to ${max}`);
}

function parseStatus(value: unknown): boolean | undefined {
  if (value === undefined) return undefined;
  const status = typeof value === "string" ? value.toLowerCase() : "";
  if (status === "enabled" || status === "disabled") return status === "enabled";
  throw malformed("status is enabled or disabled");
}

export function objectOf(value: unknown, field: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw malformed(`${field} is an object`);
}

export function refuseOthers(others: Json, field: string): void {
  const [first] = Object.keys(others);
  if (first !== undefined) throw malformed(`${field} has no ${first.slice(0, 100)} here`);
}
