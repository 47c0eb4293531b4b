import type { Container, CosmosClient, CosmosClientOptions } from "@azure/cosmos";
import type { TokenCredential } from "@azure/identity";
import { azureCredential } from "../credentials.ts";
import type { CosmosHttp } from "./http.ts";

/** How requests are signed: with an identity's token, or, on an emulator, with its key. */
export type CosmosAuth = { readonly key: string } | { readonly credential?: TokenCredential };

/** Where tokens for any account of the public cloud are from; accounts of other clouds are asked for by their own name. */
const publicScope = "https://cosmos.azure.com/.default";

/**
 * A client of one endpoint and no other: the SDK's own ways of trying again and of finding other regions are off, since they
 * repeat writes whose answer was lost, and answer from another region what was asked of the write region.
 */
export async function newClient(
  endpoint: string,
  account: string,
  auth: CosmosAuth,
  httpClient: CosmosHttp,
  requestMillis: number,
): Promise<CosmosClient> {
  const { CosmosClient: Client } = await import("@azure/cosmos");
  const host = new URL(account).hostname;
  const scope = host.endsWith(".documents.azure.com") ? publicScope : `https://${host}/.default`;
  const signed =
    "key" in auth
      ? { key: auth.key }
      : { aadCredentials: auth.credential ?? (await azureCredential()), aadScope: scope };
  const options: CosmosClientOptions = {
    ...signed,
    endpoint,
    httpClient,
    userAgentSuffix: "portolan",
    connectionPolicy: {
      enableEndpointDiscovery: false,
      requestTimeout: requestMillis,
      retryOptions: {
        maxRetryAttemptCount: 0,
        fixedRetryIntervalInMilliseconds: 0,
        maxWaitTimeInSeconds: 0,
      },
    },
  };
  return new Client(options);
}

export function containerOf(client: CosmosClient, database: string, container: string): Container {
  return client.database(database).container(container);
}
