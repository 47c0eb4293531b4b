import { decodeOnce } from "../target.ts";

/** Which registry a path of the management API is about. */
export interface ArmResource {
  readonly subscription: string;
  readonly group: string;
  readonly registry: string;
}

/** A path of the management API. */
export type ArmRoute = ArmResource & { readonly kind: keyof typeof armMethods };

/** By what follows the registry in the path, in lower case. */
const kinds = {
  "": "arm-registry",
  listusages: "arm-usages",
  repositoryusages: "arm-repository-usages",
  "lifecyclepolicies/default": "arm-lifecycle-policy",
  "lifecyclepolicies/default/preview": "arm-lifecycle-preview",
  deletedrepositories: "arm-deleted-repositories",
  collection: "arm-collection",
  "collection/preview": "arm-collection-preview",
  usagereconciliation: "arm-usage-reconciliation",
} as const satisfies Record<string, string>;

export const armMethods = {
  "arm-registry": ["GET", "PATCH", "DELETE"],
  "arm-usages": ["GET"],
  "arm-repository-usages": ["GET"],
  "arm-lifecycle-policy": ["GET", "PUT", "DELETE"],
  "arm-lifecycle-preview": ["GET", "POST"],
  "arm-deleted-repositories": ["GET"],
  "arm-collection": ["GET"],
  "arm-collection-preview": ["GET"],
  "arm-usage-reconciliation": ["GET", "POST"],
} as const satisfies Record<(typeof kinds)[keyof typeof kinds], readonly string[]>;

const resource =
  /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/microsoft\.containerregistry\/registries\/([^/]+)(?:\/(.*?))?\/?$/i;

/**
 * The route of a raw path. As everywhere in Azure Resource Manager, case does not matter, nor does a slash at the end.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries
 */
export function parseArmRoute(path: string): ArmRoute | undefined {
  const match = resource.exec(path);
  if (match === null) return undefined;
  const [, subscription = "", group = "", registry = "", rest = ""] = match;
  const kind = Object.hasOwn(kinds, rest.toLowerCase())
    ? kinds[rest.toLowerCase() as keyof typeof kinds]
    : undefined;
  if (kind === undefined) return undefined;
  return {
    kind,
    subscription: decodeOnce(subscription),
    group: decodeOnce(group),
    registry: decodeOnce(registry),
  };
}

/** Whether the path is the management API's, known there or not: its errors have another shape. */
export function isManagementPath(path: string): boolean {
  return /^\/subscriptions(\/|$)/i.test(path);
}
