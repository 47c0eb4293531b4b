import type { TokenCredential } from "@azure/identity";

let credential: Promise<TokenCredential> | undefined;

/**
 * Who this process is: its managed identity in the cloud, the developer at home. Made once and when it is first needed, since
 * the library takes long to load.
 * @see https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/credential-chains
 */
export function azureCredential(): Promise<TokenCredential> {
  credential ??= import("@azure/identity").then(
    ({ DefaultAzureCredential }) => new DefaultAzureCredential() as TokenCredential,
  );
  return credential;
}
