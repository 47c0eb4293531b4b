import { describe, expect, it } from "vitest";
import { errorOf } from "../../../shared/azure/cosmos/call.ts";
import { failureOf, failureOfStatus, unsentCode } from "../../../shared/azure/cosmos/failure.ts";
import { azureExplanations } from "../../../shared/azure/explanations.ts";
import { asRegistryError, faultOf } from "../../../shared/azure/storage/errors.ts";
import { RegistryError } from "../../../shared/domain/errors.ts";

/** What the SDKs throw, as far as the adapters look at it. */
const thrown = (facts: object) => Object.assign(new Error("with a token in it"), facts);

const cosmos = (status: number, substatus: number, words: string) =>
  azureExplanations.documents(errorOf(failureOfStatus(status, substatus, 0, words)));

function storage(facts: object): string | undefined {
  const fault = faultOf("PutBlob", thrown(facts), 1);
  return fault && azureExplanations.blobs(asRegistryError(fault), "westeurope");
}

const refusedByStorage = (statusCode: number, errorCode: string) =>
  storage({ name: "RestError", statusCode, details: { errorCode } });

describe("where Cosmos DB does not answer as it should", () => {
  it.each([
    [
      403,
      5302,
      "Request blocked by Auth portolan : principal [0000] does not have required RBAC permissions to perform action [Microsoft.DocumentDB/databaseAccounts/readMetadata] on resource [/].",
      "needs the role Cosmos DB Built-in Data Contributor",
    ],
    [401, 0, "Unauthorized", "needs the role Cosmos DB Built-in Data Contributor"],
    [
      403,
      0,
      "Request originated from IP 203.0.113.9 through public internet. This is blocked by your Cosmos DB account firewall settings.",
      "network rules",
    ],
    [404, 1003, "Owner resource does not exist", "COSMOS_DATABASE and COSMOS_CONTAINER"],
  ])("%d/%d is explained", (status, substatus, words, remedy) => {
    expect(cosmos(status, substatus, words)).toContain(remedy);
  });

  it("silence is, and a lack of a token", () => {
    const silent = failureOf(thrown({ code: unsentCode }));
    expect(silent && azureExplanations.documents(errorOf(silent))).toContain("COSMOS_ENDPOINT");
    const nobody = failureOf(thrown({ name: "CredentialUnavailableError" }));
    expect(nobody && azureExplanations.documents(errorOf(nobody))).toContain("AZURE_CLIENT_ID");
  });

  it("a bug is not", () => {
    expect(azureExplanations.documents(new TypeError("undefined is not a function"))).toBeUndefined();
    expect(cosmos(400, 0, "Bad request")).toBeUndefined();
  });
});

describe("where storage does not", () => {
  it.each([
    [
      403,
      "AuthorizationPermissionMismatch",
      "Storage Blob Data Contributor on the storage account of westeurope",
    ],
    [403, "AuthorizationFailure", "the network rules of the storage account of westeurope"],
    [403, "AuthenticationFailed", "AZURE_CLIENT_ID"],
    [403, "KeyBasedAuthenticationNotPermitted", "KeyBasedAuthenticationNotPermitted"],
  ])("%d %s is explained", (status, code, remedy) => {
    expect(refusedByStorage(status, code)).toContain(remedy);
  });

  it("silence is, and a lack of a token", () => {
    expect(storage({ name: "RestError", code: "ENOTFOUND" })).toContain("STORAGE_ACCOUNTS");
    expect(storage({ name: "AggregateAuthenticationError" })).toContain("AZURE_CLIENT_ID");
  });

  it("queues have a role of their own", () => {
    const fault = faultOf(
      "PutMessage",
      thrown({
        name: "RestError",
        statusCode: 403,
        details: { errorCode: "AuthorizationPermissionMismatch" },
      }),
      1,
    );
    expect(azureExplanations.work(fault)).toContain("Storage Queue Data Contributor");
  });
});

describe("where Key Vault does not", () => {
  const refusal = (code: string) =>
    azureExplanations.keys(
      new Error(
        `Key Vault does not read the secret portolan-keys in https://kv-x.vault.azure.net: 403 ${code}; advice`,
      ),
    );

  it("the role is named, and the vault is not", () => {
    expect(refusal("ForbiddenByRbac")).toContain("Key Vault Secrets Officer");
    expect(refusal("ForbiddenByFirewall")).toContain("network rules");
    expect(refusal("ForbiddenByRbac")).not.toContain("kv-x");
    expect(azureExplanations.keys(new RegistryError("UNAVAILABLE"))).toContain("KEY_VAULT_URL");
  });
});
