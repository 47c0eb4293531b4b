import { decodeOnce } from "../target.ts";

/** Which registry a path of the management API is about. */
export interface ArmResource {
  readonly subscription: string;
  readonly group: string;
  readonly registry: string;
}

/** A path about a registry, or about something below it. */
export type ArmRegistryRoute = ArmResource &
  (
    | { readonly kind: (typeof kinds)[keyof typeof kinds] }
    | { readonly kind: (typeof itemKinds)[keyof typeof itemKinds]; readonly item: string }
  );

/** A path of the management API. */
export type ArmRoute =
  | ArmRegistryRoute
  | { readonly kind: "arm-group-registries"; readonly subscription: string; readonly group: string }
  | { readonly kind: "arm-resource-group"; readonly subscription: string; readonly group: string }
  | {
      readonly kind: "arm-registries" | "arm-name-availability" | "arm-subscription" | "arm-resources";
      readonly subscription: string;
    }
  | { readonly kind: "arm-subscriptions"; readonly subscription: undefined };

/** By what follows the registry in the path, in lower case. */
const kinds = {
  "": "arm-registry",
  listusages: "arm-usages",
  repositoryusages: "arm-repository-usages",
  cost: "arm-cost",
  repositorycosts: "arm-repository-costs",
  "lifecyclepolicies/default": "arm-lifecycle-policy",
  "lifecyclepolicies/default/preview": "arm-lifecycle-preview",
  deletedrepositories: "arm-deleted-repositories",
  collection: "arm-collection",
  "collection/preview": "arm-collection-preview",
  usagereconciliation: "arm-usage-reconciliation",
  tokens: "arm-tokens",
  scopemaps: "arm-scope-maps",
  generatecredentials: "arm-generate-credentials",
  listcredentials: "arm-list-credentials",
  regeneratecredential: "arm-regenerate-credential",
} as const satisfies Record<string, string>;

/** By what stands before an item's name, in lower case. */
const itemKinds = {
  tokens: "arm-token",
  scopemaps: "arm-scope-map",
} as const satisfies Record<string, string>;

export const armMethods = {
  "arm-subscriptions": ["GET"],
  "arm-subscription": ["GET"],
  "arm-resources": ["GET"],
  "arm-resource-group": ["GET", "HEAD"],
  "arm-registries": ["GET"],
  "arm-group-registries": ["GET"],
  "arm-name-availability": ["POST"],
  "arm-registry": ["GET", "PUT", "PATCH", "DELETE"],
  "arm-usages": ["GET"],
  "arm-repository-usages": ["GET"],
  "arm-cost": ["GET"],
  "arm-repository-costs": ["GET"],
  "arm-lifecycle-policy": ["GET", "PUT", "DELETE"],
  "arm-lifecycle-preview": ["GET", "POST"],
  "arm-deleted-repositories": ["GET"],
  "arm-collection": ["GET"],
  "arm-collection-preview": ["GET"],
  "arm-usage-reconciliation": ["GET", "POST"],
  "arm-tokens": ["GET"],
  "arm-token": ["GET", "PUT", "PATCH", "DELETE"],
  "arm-scope-maps": ["GET"],
  "arm-scope-map": ["GET", "PUT", "PATCH", "DELETE"],
  "arm-generate-credentials": ["POST"],
  "arm-list-credentials": ["POST"],
  "arm-regenerate-credential": ["POST"],
} as const satisfies Record<ArmRoute["kind"], readonly string[]>;

const provider =
  /^\/subscriptions\/([^/]+)(?:\/resourcegroups\/([^/]+))?\/providers\/microsoft\.containerregistry\/(registries|checknameavailability)(?:\/([^/]+)(?:\/(.*?))?)?\/?$/i;

const container = /^\/subscriptions(?:\/([^/]+)(?:\/(?:(resources)|resourcegroups\/([^/]+)))?)?\/?$/i;

/** What is above providers: subscriptions, and what they contain. */
function parseContainer(path: string): ArmRoute | undefined {
  const match = container.exec(path);
  if (match === null) return undefined;
  const [, subscriptionText, resources, group] = match;
  if (subscriptionText === undefined) return { kind: "arm-subscriptions", subscription: undefined };
  const subscription = decodeOnce(subscriptionText);
  if (group !== undefined) return { kind: "arm-resource-group", subscription, group: decodeOnce(group) };
  return { kind: resources === undefined ? "arm-subscription" : "arm-resources", subscription };
}

/**
 * The route of a raw path. As everywhere in Azure Resource Manager, case does not matter, nor does a slash at the end.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries
 */
export function parseArmRoute(path: string): ArmRoute | undefined {
  const match = provider.exec(path);
  if (match === null) return parseContainer(path);
  const [, subscriptionText = "", groupText, type = "", registry, rest = ""] = match;
  const subscription = decodeOnce(subscriptionText);
  const group = groupText === undefined ? undefined : decodeOnce(groupText);
  if (type.toLowerCase() !== "registries") {
    const isRoute = group === undefined && registry === undefined;
    return isRoute ? { kind: "arm-name-availability", subscription } : undefined;
  }
  if (group === undefined)
    return registry === undefined ? { kind: "arm-registries", subscription } : undefined;
  if (registry === undefined) return { kind: "arm-group-registries", subscription, group };
  return below({ subscription, group, registry: decodeOnce(registry) }, rest);
}

/** @param rest what follows the registry in the path */
function below(resource: ArmResource, rest: string): ArmRegistryRoute | undefined {
  const whole = rest.toLowerCase();
  if (Object.hasOwn(kinds, whole)) return { kind: kinds[whole as keyof typeof kinds], ...resource };
  const slash = rest.indexOf("/");
  const list = whole.slice(0, Math.max(slash, 0));
  const item = rest.slice(slash + 1);
  if (!Object.hasOwn(itemKinds, list) || item === "" || item.includes("/")) return undefined;
  return { kind: itemKinds[list as keyof typeof itemKinds], item: decodeOnce(item), ...resource };
}

/** Whether the path is the management API's, known there or not: its errors have another shape. */
export function isManagementPath(path: string): boolean {
  return /^\/(subscriptions|providers)(\/|$)/i.test(path);
}
