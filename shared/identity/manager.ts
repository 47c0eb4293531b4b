import type { HeldRole } from "../domain/access/role-assignments.ts";
import { parseAuthorization, tokenUser } from "./credentials.ts";
import type { EntitlementSources } from "./entitlement.ts";
import { isOwnToken } from "./log-in.ts";
import { type Principal, subjectOf } from "./principal.ts";

/** Who comes to the management API, and what he may do there. */
export interface Manager {
  /** What he is called; of Entra the object id. */
  readonly subject: string;
  readonly roles: readonly HeldRole[];
}

/** Owner of everything. */
const owner: readonly HeldRole[] = [{ role: "Owner", place: {} }];

/** Whoever comes where nobody has to say who he is. */
export const anyManager: Manager = { subject: "anybody", roles: owner };

/** Undefined for who has nothing to do with the deployment as a whole. */
export function asManager(
  principal: Principal,
  { assignments }: Pick<EntitlementSources, "assignments">,
): Manager | undefined {
  if (principal.kind === "administrator") return { subject: subjectOf(principal), roles: owner };
  if (principal.kind !== "entra") return undefined;
  const roles = assignments.filter((assignment) => principal.ids.includes(assignment.principal));
  return { subject: principal.subject, roles };
}

/** The token of somebody else that is presented as a password; undefined: something else is. @throws RegistryError UNAUTHORIZED */
export function foreignTokenIn(header: string | null): string | undefined {
  const authorization = header === null || header === "" ? undefined : parseAuthorization(header);
  if (authorization?.scheme !== "basic") return undefined;
  const { credentials } = authorization;
  const isToken = credentials.username === tokenUser && !isOwnToken(credentials);
  return isToken ? credentials.password : undefined;
}
