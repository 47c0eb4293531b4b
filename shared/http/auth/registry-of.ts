import type { Scope } from "../../domain/access/scope.ts";
import { RegistryError } from "../../domain/errors.ts";
import { asRegistryName, type RegistryName } from "../../domain/name.ts";
import { parseAuthorization } from "../../identity/credentials.ts";
import { readOwnToken } from "../../identity/tokens.ts";
import { type Address, type Hosts, resolveAddress } from "../address.ts";

/** By what a request without a repository in its path can tell which registry it means. */
export interface Hints {
  /** Tokens that were issued here, as the client sent them. */
  readonly tokens: readonly string[];
  readonly username: string | undefined;
  readonly scopes: readonly Scope[];
}

/** The registry that is meant. */
export interface Meant {
  readonly registry: RegistryName;
  /** `<registry>/` where this client's paths carry it, else empty. */
  readonly prefix: string;
}

/** What an Authorization header says of itself. One that cannot be read says nothing. */
export function hintsOf(header: string | null): Hints {
  try {
    const authorization = header === null ? undefined : parseAuthorization(header);
    if (authorization?.scheme === "bearer")
      return { tokens: [authorization.token], username: undefined, scopes: [] };
    const { username, password } = authorization?.credentials ?? {};
    return { tokens: password === undefined ? [] : [password], username, scopes: [] };
  } catch {
    return { tokens: [], username: undefined, scopes: [] };
  }
}

/**
 * Which registry a request means that names no repository: its host's; on a host that several share, that of its token, the one in
 * front of its user name (`<registry>/<user>`, or the admin user's name, which is the registry's), the one in front of its
 * scopes, or else the default one.
 * @throws RegistryError NAME_UNKNOWN
 */
export function registryMeant(hosts: Hosts, host: string, { tokens, username, scopes }: Hints): Meant {
  const address = resolveAddress(hosts, host, "");
  if (address.registry !== undefined) return { registry: address.registry, prefix: "" };
  const [first = "", user] = splitOnce(username ?? "");
  const registry =
    tokens.map((token) => ofToken(hosts, token)).find((name) => name !== undefined) ??
    (user === undefined ? undefined : asRegistryName(first)) ??
    ofScopes(scopes) ??
    asRegistryName(first) ??
    hosts.defaultRegistry;
  return { registry, prefix: `${registry}/` };
}

/**
 * Whether the service that a client asks for tokens is this registry's.
 * @throws RegistryError UNSUPPORTED with status 400 when it is not
 */
export function demandService(hosts: Hosts, service: string | null, registry: RegistryName): void {
  if (service === null || service === "") return;
  let address: Address | undefined;
  try {
    address = resolveAddress(hosts, service, "");
  } catch {
    // As of any other host that is not known here.
  }
  if (address !== undefined && (address.registry ?? registry) === registry) return;
  throw new RegistryError("UNSUPPORTED", {
    status: 400,
    message: "service is the login server of another registry than the one that was asked",
  });
}

function ofToken(hosts: Hosts, token: string): RegistryName | undefined {
  const audience = readOwnToken(token)?.audience ?? "";
  const end = `.${hosts.domain}`;
  return audience.endsWith(end) ? asRegistryName(audience.slice(0, -end.length)) : undefined;
}

function ofScopes(scopes: readonly Scope[]): RegistryName | undefined {
  for (const { type, name } of scopes) {
    const [first = "", rest] = splitOnce(name);
    const registry = type === "repository" && rest !== undefined ? asRegistryName(first) : undefined;
    if (registry !== undefined) return registry;
  }
  return undefined;
}

function splitOnce(text: string): readonly [string, string?] {
  const slash = text.indexOf("/");
  return slash < 0 ? [text] : [text.slice(0, slash), text.slice(slash + 1)];
}
