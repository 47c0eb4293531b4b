import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { mayManage, placeOf, placesWithin } from "../../domain/access/role-assignments.ts";
import { RegistryError } from "../../domain/errors.ts";
import type { RegistryName } from "../../domain/name.ts";
import type { NetworkOf } from "../../identity/failed-logins.ts";
import type { Identity } from "../../identity/identity.ts";
import { anyManager, type Manager } from "../../identity/manager.ts";
import type { Hosts } from "../address.ts";
import type { ArmRoute } from "../management/route.ts";
import { passwordChallenge } from "./challenge.ts";
import { managementRequirementOf } from "./requirement.ts";

interface Entrance {
  readonly identity?: Identity | undefined;
  readonly registries: {
    find(name: RegistryName): RegistryDocument | undefined | Promise<RegistryDocument | undefined>;
  };
  readonly hosts: Hosts;
}

/**
 * Who comes to the management API. It is above all registries; the default one stands for them where passwords are remembered.
 * @throws RegistryError UNAUTHORIZED with a challenge, TOOMANYREQUESTS, UNAVAILABLE
 */
export async function managerOf(
  { identity, registries, hosts }: Entrance,
  authorization: string | null,
  networkOf: NetworkOf,
): Promise<Manager> {
  if (identity === undefined) return anyManager;
  const registry = await registries.find(hosts.defaultRegistry);
  if (registry === undefined) throw new RegistryError("UNAVAILABLE");
  try {
    return await identity.managerOf(authorization, registry, networkOf);
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== "UNAUTHORIZED") throw error;
    throw passwordChallenge(error.message);
  }
}

/** What shows of a part of the deployment what its reader may see of it. */
const listing: ReadonlySet<ArmRoute["kind"]> = new Set([
  "arm-subscriptions",
  "arm-subscription",
  "arm-resources",
  "arm-registries",
  "arm-group-registries",
]);

/**
 * Whether the manager may do what the request needs, there where its path leads, whatever is there: who may not know of a registry is
 * told the same whether there is one. Lists are open to who may see anything in them.
 * @throws RegistryError DENIED
 */
export function demandAction({ subject, roles }: Manager, route: ArmRoute, method: string): void {
  const { action } = managementRequirementOf(route.kind, method);
  const where =
    "group" in route ? placeOf(route.group, "registry" in route ? route.registry : undefined) : {};
  if (
    listing.has(route.kind) ? placesWithin(roles, action, where).length > 0 : mayManage(roles, action, where)
  )
    return;
  const message = `The client '${subject}' with object id '${subject}' does not have authorization to perform action '${action}' over scope '${scopeOf(route)}' or the scope is invalid. If access was recently granted, please refresh your credentials.`;
  throw new RegistryError("DENIED", { managementCode: "AuthorizationFailed", message });
}

/** As Azure Resource Manager spells it. */
function scopeOf(route: ArmRoute): string {
  if (route.subscription === undefined) return "/";
  const subscription = `/subscriptions/${route.subscription.slice(0, 100)}`;
  if (!("group" in route)) return subscription;
  const group = `${subscription}/resourceGroups/${route.group.slice(0, 100)}`;
  if (!("registry" in route)) return group;
  return `${group}/providers/Microsoft.ContainerRegistry/registries/${route.registry.slice(0, 100)}`;
}
