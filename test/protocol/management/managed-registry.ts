import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import type { TokenCredential } from "@azure/identity";
import { administer } from "../../../shared/access-admin.ts";
import { startRegistry } from "../../support/registry-process.ts";
import { openTlsFront } from "../harness/tls-front.ts";

export const subscription = "00000000-0000-0000-0000-000000000000";

/** A registry whose callers have to say who they are, behind TLS, and Azure's own client for its administrator. */
export interface ManagedRegistry {
  /** `host:port`, without TLS. */
  readonly host: string;
  /** What the client is told of the management API. */
  readonly endpoint: string;
  readonly client: ContainerRegistryManagementClient;
  /** The client of whoever has that token. */
  clientOf(token: string): ContainerRegistryManagementClient;
  close(): Promise<void>;
}

/** @param settings beside `AUTH` */
export async function openManagedRegistry(
  settings: Readonly<Record<string, string>> = {},
): Promise<ManagedRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "portolan-arm-"));
  const registry = await startRegistry({ folder, environment: { AUTH: "true", ...settings } });
  const { host, environment } = registry;
  const [hostname = "", port = ""] = host.split(":");
  const front = await openTlsFront({ hostname, port: Number(port) });
  const { username, passwords } = await administer(
    { ...environment },
    undefined,
    async (admin) => await admin.resetAdministrator(),
  );
  const clientOf = (token: string) => clientAt(front, token);
  return {
    host,
    endpoint: front.endpoint,
    client: clientOf(await session(host, username, passwords.password ?? "")),
    clientOf,
    close: async () => {
      await front.close();
      await registry.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A refresh token of somebody who has a password. */
async function session(host: string, username: string, password: string): Promise<string> {
  const form = { grant_type: "password", username, password, access_type: "offline" };
  const answer = await fetch(`http://${host}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const { refresh_token: token } = (await answer.json()) as { refresh_token: string };
  return token;
}

/** Azure's own client, which presents that token. */
export function clientAt(
  { endpoint, certificate }: { readonly endpoint: string; readonly certificate: string },
  token: string,
): ContainerRegistryManagementClient {
  const credential: TokenCredential = {
    getToken: async () => await Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const client = new ContainerRegistryManagementClient(credential, subscription, {
    endpoint,
    retryOptions: { maxRetries: 0 },
    tlsOptions: { ca: certificate },
  });
  // As a proxy does that ends TLS.
  client.pipeline.addPolicy({
    name: "forwarded",
    sendRequest: async (request, next) => {
      request.headers.set("x-forwarded-proto", "https");
      return await next(request);
    },
  });
  return client;
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
