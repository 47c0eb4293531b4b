import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KeyVault, type KeyVaultOptions } from "../../shared/azure/key-vault.ts";

interface Version {
  readonly id: string;
  readonly value: string;
  readonly contentType: string | undefined;
  readonly created: number;
}

/** An error as the service tells it. @see https://learn.microsoft.com/azure/key-vault/general/rest-error-codes */
export interface VaultFault {
  readonly status: number;
  readonly code?: string;
  readonly inner?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Client = NonNullable<KeyVaultOptions["client"]>;
type Policies = NonNullable<Client["additionalPolicies"]>;
export type Policy = Policies[number]["policy"];
type Fault = VaultFault | "hang" | "break" | "empty";

const vault = "https://keys-of-a-test.vault.azure.net";
const badParameter: VaultFault = { status: 400, code: "BadParameter" };
const valueBytesMax = 25 * 1024;

/**
 * Secrets of one vault by the REST API, as far as it is used, and no more forgiving than the service is documented to be: it hands
 * nothing to who has no token, challenges him, knows the grammar of names, the size of values, and asks for a version of the API.
 * @see https://learn.microsoft.com/rest/api/keyvault/secrets
 */
export class FakeKeyVault {
  /** Of every request: method, path, and whether it came with a token. */
  readonly requests: string[] = [];
  /** Each one answers the next request that has a token; `hang` never does. */
  readonly faults: Fault[] = [];
  readonly #secrets = new Map<string, Version[]>();
  readonly #tokens = new Set<string>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<FakeKeyVault> {
    const fake = new FakeKeyVault();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", () => resolve()));
    return fake;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The product's own client, whose requests to the vault's host come here. */
  client(options: Omit<KeyVaultOptions, "client"> = {}): KeyVault {
    const { port } = this.#server.address() as AddressInfo;
    return new KeyVault(vault, {
      credential: { getToken: async (scopes) => this.#issue(scopes) },
      ...options,
      client: { additionalPolicies: sentTo((url) => url.replace(vault, `http://127.0.0.1:${port}`)) },
    });
  }

  versions(name: string): readonly Version[] {
    return this.#secrets.get(name) ?? [];
  }

  #issue(scopes: string | string[]) {
    if (String(scopes) !== "https://vault.azure.net/.default")
      throw new Error(`a token for ${String(scopes)}`);
    const token = randomBytes(16).toString("base64url");
    this.#tokens.add(token);
    return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", vault);
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const known = token !== undefined && this.#tokens.has(token);
    this.requests.push(`${request.method} ${pathname} ${known ? "with" : "without"} a token`);
    const body = await textOf(request);
    if (!known) {
      // A client that sends a secret before it knows whom to shows it to anybody.
      if (body !== "") return refuse(response, badParameter);
      const where = `authorization="https://login.windows.net/00000000-0000-0000-0000-000000000001"`;
      const headers = { "www-authenticate": `Bearer ${where}, resource="https://vault.azure.net"` };
      return refuse(response, { status: 401, code: "Unauthorized", headers });
    }
    const fault = this.faults.shift();
    if (fault !== undefined) {
      fail(response, fault);
      return;
    }
    if (!/^(7\.\d|\d{4}-\d\d-\d\d)$/.test(searchParams.get("api-version") ?? "")) {
      return refuse(response, badParameter);
    }
    const [, name, version] = /^\/secrets\/([0-9a-zA-Z-]{1,127})(?:\/([0-9a-f]*))?$/.exec(pathname) ?? [];
    if (name === undefined) return refuse(response, badParameter);
    if (request.method === "PUT" && version === undefined) this.#set(request, response, name, body);
    else if (request.method === "GET") this.#get(response, name, version ?? "");
    else refuse(response, { status: 405, code: "MethodNotAllowed" });
  }

  #set(request: IncomingMessage, response: ServerResponse, name: string, body: string): void {
    const isJson = /^application\/json\b/.test(request.headers["content-type"] ?? "");
    const { value, contentType } = JSON.parse(body) as { value?: unknown; contentType?: string };
    if (!isJson || typeof value !== "string" || value === "" || Buffer.byteLength(value) > valueBytesMax) {
      refuse(response, badParameter);
      return;
    }
    const id = randomBytes(16).toString("hex");
    const version = { id, value, contentType, created: Math.floor(Date.now() / 1000) };
    this.#secrets.set(name, [...this.versions(name), version]);
    show(response, name, version);
  }

  #get(response: ServerResponse, name: string, wanted: string): void {
    const versions = this.versions(name);
    const version = wanted === "" ? versions.at(-1) : versions.find(({ id }) => id === wanted);
    if (version === undefined) refuse(response, { status: 404, code: "SecretNotFound" });
    else show(response, name, version);
  }
}

/**
 * Makes requests to a vault go somewhere else, behind the part of the library that checks whom it hands a token
 * to, and so shall see the vault's own name.
 * @param ca the certificate there, in PEM
 */
export function sentTo(moved: (url: string) => string, ca?: string): Policies {
  const policy: Policy = {
    name: "sent-somewhere-else",
    sendRequest: async (request, next) => {
      const asked = request.url;
      request.url = moved(asked);
      if (ca === undefined) request.allowInsecureConnection = true;
      else request.tlsSettings = { ca };
      try {
        return await next(request);
      } finally {
        request.url = asked;
      }
    },
  };
  return [{ policy, position: "perRetry" }];
}

function show(response: ServerResponse, name: string, { id, value, contentType, created }: Version): void {
  const attributes = {
    enabled: true,
    created,
    updated: created,
    recoveryLevel: "Recoverable",
    recoverableDays: 90,
  };
  const bundle = { value, contentType, id: `${vault}/secrets/${name}/${id}`, attributes };
  response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(bundle));
}

function fail(response: ServerResponse, fault: Fault): void {
  if (fault === "break") response.destroy();
  else if (fault === "empty") response.writeHead(503).end();
  else if (fault !== "hang") refuse(response, fault);
}

function refuse(response: ServerResponse, { status, code, inner, headers }: VaultFault): void {
  const innererror = inner === undefined ? {} : { innererror: { code: inner } };
  const error = { code, message: "what the service says", ...innererror };
  response
    .writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
    .end(JSON.stringify({ error }));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
