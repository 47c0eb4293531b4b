import type { RegistryPolicies } from "../../../catalog/registry-documents.ts";
import { parseNetwork } from "../../../domain/network/networks.ts";
import { malformed } from "../../json.ts";
import { objectOf, type PolicyChange, refuseOthers } from "./parse-policies.ts";

type Json = Readonly<Record<string, unknown>>;

/** Those properties of a registry by which it is closed. */
export const networkProperties = [
  "networkRuleSet",
  "networkRuleBypassOptions",
  "publicNetworkAccess",
  "serveThroughBytesMax",
] as const;

/** Those of them that are in a body; what is not named stays. @throws RegistryError UNSUPPORTED with status 400 */
export function parseNetworkProperties(properties: Json): PolicyChange[] {
  return networkProperties
    .filter((name) => properties[name] !== undefined)
    .map((name) => parsers[name](properties[name]));
}

const parsers: Readonly<Record<(typeof networkProperties)[number], (value: unknown) => PolicyChange>> = {
  networkRuleSet: parseRuleSet,
  publicNetworkAccess: (value) => {
    if (value !== "Enabled" && value !== "Disabled")
      throw malformed("publicNetworkAccess is Enabled or Disabled");
    return ({ publicNetworkAccess: _, ...policies }) =>
      value === "Enabled" ? policies : { ...policies, publicNetworkAccess: value };
  },
  networkRuleBypassOptions: (value) => {
    if (value !== "AzureServices" && value !== "None")
      throw malformed("networkRuleBypassOptions is AzureServices or None");
    return ({ networkRuleBypassOptions: _, ...policies }) =>
      value === "AzureServices" ? policies : { ...policies, networkRuleBypassOptions: value };
  },
  serveThroughBytesMax: (value) => {
    const bytes = value ?? 0;
    if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0)
      throw malformed("serveThroughBytesMax is a whole number of bytes, or null");
    return (policies) => ({ ...policies, serveThroughBytesMax: bytes });
  },
};

function parseRuleSet(value: unknown): PolicyChange {
  const { defaultAction, ipRules, virtualNetworkRules, ...others } = objectOf(value, "networkRuleSet");
  refuseOthers(others, "networkRuleSet");
  if (defaultAction !== undefined && defaultAction !== "Allow" && defaultAction !== "Deny")
    throw malformed("networkRuleSet.defaultAction is Allow or Deny");
  if (
    virtualNetworkRules !== undefined &&
    !(Array.isArray(virtualNetworkRules) && !virtualNetworkRules.length)
  )
    throw malformed("networkRuleSet has no virtualNetworkRules here");
  const rules = ipRules === undefined ? undefined : parseRules(ipRules);
  return ({ network: before, ...policies }) => {
    const network = {
      defaultAction: defaultAction ?? before?.defaultAction ?? "Allow",
      ipRules: rules ?? before?.ipRules ?? [],
    };
    return network.defaultAction === "Allow" && network.ipRules.length === 0
      ? policies
      : { ...policies, network };
  };
}

function parseRules(value: unknown): string[] {
  if (!Array.isArray(value)) throw malformed("networkRuleSet.ipRules is a list");
  const networks = value.map((rule) => {
    const { action, value: text, ...others } = objectOf(rule, "a rule of networkRuleSet.ipRules");
    refuseOthers(others, "a rule of networkRuleSet.ipRules");
    if (action !== undefined && action !== "Allow") throw malformed("the action of a rule is Allow");
    const network = typeof text === "string" ? parseNetwork(text) : undefined;
    if (network === undefined)
      throw malformed("the value of a rule is an IP address, or a network such as 203.0.113.0/24");
    return network;
  });
  return [...new Set(networks)];
}

/** A registry's networks as the hosted service shows them. @param hasRules whether its tier has any */
export function describeNetwork(policies: RegistryPolicies, hasRules: boolean): Json {
  const { network, publicNetworkAccess, networkRuleBypassOptions, serveThroughBytesMax = 0 } = policies;
  const { defaultAction, ipRules } = network ?? { defaultAction: "Allow", ipRules: [] };
  return {
    ...(hasRules || network !== undefined
      ? {
          networkRuleSet: {
            defaultAction,
            ipRules: ipRules.map((value) => ({ action: "Allow", value })),
          },
        }
      : {}),
    publicNetworkAccess: publicNetworkAccess ?? "Enabled",
    networkRuleBypassOptions: networkRuleBypassOptions ?? "AzureServices",
    ...(serveThroughBytesMax === 0 ? {} : { serveThroughBytesMax }),
  };
}
