import {
  isObjectId,
  type RoleAssignment,
  readRoleAssignments,
} from "../../domain/access/role-assignments.ts";

/** The deployment's own Entra tenant, whose tokens every registry of it takes. */
export interface EntraSettings {
  /** A GUID in lower case. */
  readonly tenantId: string;
  /** The `aud` of tokens that are meant for the registry. */
  readonly audiences: readonly string[];
  /** Who may do what; administrators are owners of everything. */
  readonly assignments: readonly RoleAssignment[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What clients of the hosted service ask tokens for: the registry itself, or Azure Resource Manager by its new and its old name.
 * Some leave the slash away.
 */
const usualAudiences = [
  "https://containerregistry.azure.net",
  "https://management.azure.com",
  "https://management.core.windows.net",
].flatMap((resource) => [resource, `${resource}/`]);

/**
 * Undefined without a tenant.
 * @param subscriptionId the one that scopes of roles are of
 * @throws Error of one line that names the variable
 */
export function readEntraSettings(env: Environment, subscriptionId: string): EntraSettings | undefined {
  const tenantId = (env["ENTRA_TENANT_ID"] ?? "").toLowerCase();
  const audiences = listOf(env["ENTRA_AUDIENCES"]);
  const administrators = listOf(env["ENTRA_ADMINISTRATORS"]).map((id) => id.toLowerCase());
  const assignments = readRoleAssignments(env["ROLE_ASSIGNMENTS"], "ROLE_ASSIGNMENTS", subscriptionId);
  if (tenantId === "") {
    if (audiences.length + administrators.length + assignments.length > 0) {
      throw new Error("ENTRA_AUDIENCES, ENTRA_ADMINISTRATORS and ROLE_ASSIGNMENTS need ENTRA_TENANT_ID");
    }
    return undefined;
  }
  if (!isObjectId(tenantId)) throw new Error("ENTRA_TENANT_ID is the GUID of an Entra tenant");
  if (!administrators.every(isObjectId)) {
    throw new Error("ENTRA_ADMINISTRATORS lists object ids, which are GUIDs, split by commas");
  }
  const owners = administrators.map((principal) => ({ principal, role: "Owner" as const, place: {} }));
  return Object.freeze({
    tenantId,
    audiences: [...usualAudiences, ...audiences],
    assignments: [...owners, ...assignments],
  });
}

function listOf(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/**
 * The issuers of a tenant's tokens: which of both depends on the application that a token is for, as do the keys.
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens
 */
export function entraIssuers(tenantId: string): readonly string[] {
  return [`https://sts.windows.net/${tenantId}/`, `https://login.microsoftonline.com/${tenantId}/v2.0`];
}
