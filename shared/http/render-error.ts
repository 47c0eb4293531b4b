import { managementErrorTable, RegistryError } from "../domain/errors.ts";
import type { Reply } from "./exchange.ts";
import { jsonReply } from "./json.ts";
import { isManagementPath } from "./management/route.ts";

/**
 * The one place where errors become replies: in the shape of the registry's, or, where the path is the management API's, in that of
 * Azure Resource Manager.
 * @param path of the request, raw
 */
export function renderError(error: unknown, method: string, path: string): Reply {
  const known = error instanceof RegistryError ? error : new RegistryError("UNKNOWN");
  const body = isManagementPath(path) ? managementError(known) : registryError(known);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(known.headers)) headers[name.toLowerCase()] = value;
  return jsonReply(method, body, known.status, headers);
}

/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
function registryError({ code, message, detail }: RegistryError): unknown {
  return { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] };
}

/** @see https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/common-api-details.md#error-response-content */
function managementError({ status, message, managementCode }: RegistryError): unknown {
  const ofStatus = Object.entries(managementErrorTable).find(([, known]) => known === status)?.[0];
  const code = managementCode ?? ofStatus ?? "InternalServerError";
  return { error: { code, message } };
}
