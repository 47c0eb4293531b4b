import {
  everything,
  type RegistryResource,
  type RepositoryGrant,
  registryResources,
} from "../domain/access/actions.ts";
import type { Entitlement } from "./entitlement.ts";
import { grantsOfAccess } from "./log-in.ts";
import type { Principal } from "./principal.ts";
import type { AccessClaims } from "./tokens.ts";

/** Who a request comes from, and what it may do. */
export interface Caller {
  readonly principal: Principal;
  /** How he said who he is. */
  readonly by: "nothing" | "password" | "token";
  /** Of a token only what was granted to it. */
  readonly grants: readonly RepositoryGrant[];
  readonly resources: readonly RegistryResource[];
}

/** Whoever comes where nobody has to say who he is. */
export const anybody: Caller = {
  principal: { kind: "anonymous" },
  by: "nothing",
  grants: everything,
  resources: registryResources,
};

export const nobody: Caller = { principal: { kind: "anonymous" }, by: "nothing", grants: [], resources: [] };

export function callerByToken(claims: AccessClaims): Caller {
  const resources = claims.access.filter((entry) => entry.type === "registry").map(({ name }) => name);
  return { principal: claims.principal, by: "token", grants: grantsOfAccess(claims), resources };
}

export function callerByPassword(principal: Principal, { grants }: Entitlement): Caller {
  return { principal, by: "password", grants, resources: grants.length > 0 ? registryResources : [] };
}
