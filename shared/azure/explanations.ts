import { RegistryError } from "../domain/errors.ts";
import type { Explanations } from "../ports/explanations.ts";
import { CosmosFailure } from "./cosmos/failure.ts";
import { StorageFault } from "./storage/errors.ts";

/**
 * The role or the setting that is missing where Azure's services do not answer as they should. The roles are those that docs/azure.md has.
 * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
export const azureExplanations: Explanations = {
  documents: explainDocuments,
  blobs: (error, account) =>
    explainStorage(error, "Storage Blob Data Contributor", `the storage account of ${account}`),
  work: (error) =>
    explainStorage(error, "Storage Queue Data Contributor", "the storage account of this region"),
  keys: explainKeys,
};

const identity = "AZURE_CLIENT_ID has to name a managed identity that this process has";

function explainDocuments(error: unknown): string | undefined {
  if (!(error instanceof CosmosFailure)) return explainSilence(error, "COSMOS_ENDPOINT");
  const { status, message } = error.failure;
  if (status === 404)
    return "COSMOS_DATABASE and COSMOS_CONTAINER have to name a container that the account has";
  if (status !== 401 && status !== 403) return undefined;
  if (/firewall|public internet|private endpoint/i.test(message))
    return "the Cosmos DB account's network rules do not let this process in";
  return "this process's identity needs the role Cosmos DB Built-in Data Contributor on the account that COSMOS_ENDPOINT names";
}

/** @see https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes */
function explainStorage(error: unknown, role: string, where: string): string | undefined {
  if (!(error instanceof StorageFault)) return explainSilence(error, "STORAGE_ACCOUNTS");
  if (error.status !== 401 && error.status !== 403) return undefined;
  switch (error.code) {
    case "AuthorizationPermissionMismatch":
    case "InsufficientAccountPermissions":
      return `this process's identity needs the role ${role} on ${where}`;
    case "AuthorizationFailure":
      return `the network rules of ${where} do not let this process in`;
    case "AuthenticationFailed":
      return `${where} takes neither this process's token nor its key: ${identity}, and STORAGE_CONNECTION_STRING an emulator's key`;
    default:
      return `${where} refuses this process: ${error.code}`;
  }
}

/** Key Vault's words have an advice already, and the vault's address, which is nobody's business. */
function explainKeys(error: unknown): string | undefined {
  if (error instanceof RegistryError) return explainSilence(error, "KEY_VAULT_URL");
  const code = (error instanceof Error && /: 40[0-9] (\w+)/.exec(error.message)?.[1]) || "";
  switch (code) {
    case "ForbiddenByRbac":
      return "this process's identity needs the role Key Vault Secrets Officer on the vault that KEY_VAULT_URL names";
    case "ForbiddenByFirewall":
    case "ForbiddenByConnection":
      return "the network rules of the vault that KEY_VAULT_URL names do not let this process in";
    case "SecretDisabled":
      return "the newest version of the secret portolan-keys is disabled: enable it";
    case "ObjectIsDeletedButRecoverable":
      return "the secret portolan-keys was deleted: recover it";
    default:
      return undefined;
  }
}

/** Nothing was answered, or there was not even a token to ask with. */
function explainSilence(error: unknown, setting: string): string | undefined {
  if (!(error instanceof RegistryError)) return undefined;
  if (error.code === "TOOMANYREQUESTS") return "it is busy: ask again";
  const why = `${String(error.cause ?? "")} ${error.message}`;
  if (/AuthenticationError|CredentialUnavailable|no token/.test(why)) return identity;
  return `nothing answers at what ${setting} names, or not in time`;
}
