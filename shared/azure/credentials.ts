import type { TokenCredential } from "@azure/identity";

let credential: Promise<TokenCredential> | undefined;

/**
 * Who this process is: its managed identity in the cloud, the developer at home. Made once and when it is first needed, since
 * the library takes long to load.
 * @param clientId that of an identity which the user assigned, where it is not this process's usual one
 * @see https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/credential-chains
 */
export function azureCredential(clientId?: string): Promise<TokenCredential> {
  if (clientId !== undefined) return userAssigned(clientId);
  credential ??= import("@azure/identity").then(
    ({ DefaultAzureCredential }) => new DefaultAzureCredential() as TokenCredential,
  );
  return credential;
}

async function userAssigned(clientId: string): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  return new DefaultAzureCredential({ managedIdentityClientId: clientId });
}
