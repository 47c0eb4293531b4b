import { isJsonObject, parseJsonSetting } from "../json-setting.ts";
import { limits } from "../limits.ts";
import { asRegistryName, isResourceGroupName } from "../name.ts";
import { type ManagementAction, permits, type Role, roles } from "./roles.ts";

/** Where something lies: in the deployment, in one of its resource groups, or in a registry of one. Names are in lower case. */
export interface Place {
  readonly group?: string;
  /** Never without its group. */
  readonly registry?: string;
}

/** A role, and where it holds: there, and in all that lies there. */
export interface HeldRole {
  readonly role: Role;
  readonly place: Place;
}

/** Who has a role. `principal`: the object id, in lower case, of a user, a group or a service principal. */
export interface RoleAssignment extends HeldRole {
  readonly principal: string;
}

export function placeOf(group?: string, registry?: string): Place {
  if (group === undefined) return {};
  return {
    group: group.toLowerCase(),
    ...(registry === undefined ? {} : { registry: registry.toLowerCase() }),
  };
}

/** Whether the second place is the first, or lies there. */
export function contains(outer: Place, inner: Place): boolean {
  if (outer.group !== undefined && outer.group !== inner.group) return false;
  return outer.registry === undefined || outer.registry === inner.registry;
}

/** Whether one of the roles permits the action there. */
export function mayManage(held: readonly HeldRole[], action: ManagementAction, where: Place): boolean {
  return held.some(({ role, place }) => contains(place, where) && permits(role, action));
}

/** The fewest places in which the action is permitted, of all that lie in `where`: that itself, or some in it, or none. */
export function placesWithin(held: readonly HeldRole[], action: ManagementAction, where: Place): Place[] {
  if (mayManage(held, action, where)) return [where];
  const inside = held.flatMap(({ role, place }) =>
    contains(where, place) && permits(role, action) ? [place] : [],
  );
  return inside.filter(
    (place, index) =>
      !inside.some(
        (other, at) => at !== index && contains(other, place) && (at < index || !contains(place, other)),
      ),
  );
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether it is a GUID in lower case, as Entra's object ids are. */
export function isObjectId(text: string): boolean {
  return guid.test(text);
}

/**
 * Roles as JSON: `[{"principal":"<object id>","role":"Reader","scope":"/subscriptions/<id>/resourceGroups/<group>"}]`.
 * @throws Error with one line that names what is wrong, and where
 */
export function readRoleAssignments(
  text: string | undefined,
  variable: string,
  subscriptionId: string,
): RoleAssignment[] {
  if (text === undefined || text === "") return [];
  const value = parseJsonSetting(text, variable);
  const max = limits.roleAssignmentsMax;
  if (!Array.isArray(value) || value.length > max)
    throw new Error(`${variable} is a list of up to ${max} role assignments`);
  return value.map((each: unknown, index) =>
    readAssignment(each, `${variable}: assignment ${index + 1}`, subscriptionId),
  );
}

function readAssignment(value: unknown, where: string, subscriptionId: string): RoleAssignment {
  if (!isJsonObject(value)) throw new Error(`${where} is an object with principal, role and scope`);
  const { principal, role, scope, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new Error(`${where} has ${JSON.stringify(other.slice(0, 50))}; it has principal, role and scope`);
  const id = typeof principal === "string" ? principal.toLowerCase() : "";
  if (!isObjectId(id)) throw new Error(`${where}: principal is an object id, which is a GUID`);
  const known = roles.find((one) => typeof role === "string" && one.toLowerCase() === role.toLowerCase());
  if (known === undefined) throw new Error(`${where}: role ${quoted(role)} is none of ${roles.join(", ")}`);
  return { principal: id, role: known, place: readScope(scope, where, subscriptionId) };
}

const scopeGrammar =
  /^\/subscriptions\/([^/]+)(?:\/resourcegroups\/([^/]+)(?:\/providers\/microsoft\.containerregistry\/registries\/([^/]+))?)?\/?$/;

function readScope(scope: unknown, where: string, subscriptionId: string): Place {
  if (scope === undefined) return {};
  const match = typeof scope === "string" ? scopeGrammar.exec(scope.toLowerCase()) : null;
  const [, subscription, group, registry] = match ?? [];
  const isKnown =
    (group === undefined || isResourceGroupName(group)) &&
    (registry === undefined || asRegistryName(registry) !== undefined);
  if (match === null || !isKnown) {
    throw new Error(
      `${where}: scope ${quoted(scope)} is no subscription, resource group or registry, such as /subscriptions/${subscriptionId}`,
    );
  }
  if (subscription !== subscriptionId.toLowerCase())
    throw new Error(`${where}: scope ${quoted(scope)} is of another subscription than SUBSCRIPTION_ID`);
  return placeOf(group, registry);
}

function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? "absent").slice(0, 200);
}
