/** The deployment's own Entra tenant, whose tokens every registry of it takes. */
export interface EntraSettings {
  /** A GUID in lower case. */
  readonly tenantId: string;
  /** The `aud` of tokens that are meant for the registry. */
  readonly audiences: readonly string[];
  /** Object ids, in lower case, of users, groups and service principals that may do everything in every registry. */
  readonly administrators: readonly string[];
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

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Undefined without a tenant.
 * @throws Error of one line that names the variable
 */
export function readEntraSettings(env: Environment): EntraSettings | undefined {
  const tenantId = (env["ENTRA_TENANT_ID"] ?? "").toLowerCase();
  const audiences = listOf(env["ENTRA_AUDIENCES"]);
  const administrators = listOf(env["ENTRA_ADMINISTRATORS"]).map((id) => id.toLowerCase());
  if (tenantId === "") {
    if (audiences.length + administrators.length > 0) {
      throw new Error("ENTRA_AUDIENCES and ENTRA_ADMINISTRATORS need ENTRA_TENANT_ID");
    }
    return undefined;
  }
  if (!guid.test(tenantId)) throw new Error("ENTRA_TENANT_ID is the GUID of an Entra tenant");
  if (!administrators.every((id) => guid.test(id))) {
    throw new Error("ENTRA_ADMINISTRATORS lists object ids, which are GUIDs, split by commas");
  }
  return Object.freeze({ tenantId, audiences: [...usualAudiences, ...audiences], administrators });
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
