import { RegistryError } from "../domain/errors.ts";
import { asRegistryName, type RegistryName } from "../domain/name.ts";

/** Which hosts mean which registries. All in lower case, without ports. */
export interface Hosts {
  /** Hosts that mean one registry; their paths are repositories. */
  readonly plain: readonly string[];
  /** The registry that a plain host means. */
  readonly defaultRegistry: RegistryName;
  /** `<registry>.<domain>` and `<registry>--<region>.<domain>` mean that registry. */
  readonly domain: string;
  /** Hosts on which a path's first part is the registry. */
  readonly shared: readonly string[];
  /** Where the management API, which plain and shared hosts have, finds the registries. */
  readonly scope: ManagedScope;
}

/** The subscription that all registries of the deployment are in, and the resource group of those that say of none. */
export interface ManagedScope {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/** A registry, and how its paths begin for this client. */
export interface Address {
  /** Undefined for a path on a shared host that names none. */
  readonly registry: RegistryName | undefined;
  /** The name in the path without the registry. */
  readonly name: string;
  /** `<registry>/` where the path carries it, else empty. */
  readonly prefix: string;
}

/**
 * Which registry a request means, by its host or by its path.
 * @param host the Host header
 * @param name the name in the path; empty where there is none
 * @throws RegistryError NAME_UNKNOWN for a host that this deployment does not know, before any read
 */
export function resolveAddress(hosts: Hosts, host: string | null, name: string): Address {
  if (host === null || !isHost(host)) throw unknownHost(host ?? "");
  const bare = bareHost(host);
  if (hosts.plain.includes(bare)) return { registry: hosts.defaultRegistry, name, prefix: "" };
  if (hosts.shared.includes(bare)) return byPath(name);
  if (bare.endsWith(`.${hosts.domain}`)) {
    const label = bare.slice(0, -hosts.domain.length - 1);
    const registry = asRegistryName(/^([a-z0-9]+)(?:--[a-z0-9]+)?$/.exec(label)?.[1] ?? "");
    if (registry !== undefined) return { registry, name, prefix: "" };
  }
  throw unknownHost(bare);
}

/** A name, an IPv4 or IPv6 address, and a port: nothing that could be more than that where it is repeated. */
export function isHost(host: string): boolean {
  return /^(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?$/i.test(host);
}

function unknownHost(host: string): RegistryError {
  const detail = { host: host.slice(0, 255) };
  return new RegistryError("NAME_UNKNOWN", { message: "no registry answers on this host", detail });
}

function byPath(name: string): Address {
  const slash = name.indexOf("/");
  const registry = asRegistryName(slash < 0 ? name : name.slice(0, slash));
  if (registry === undefined || slash < 0) return { registry: undefined, name, prefix: "" };
  return { registry, name: name.slice(slash + 1), prefix: `${registry}/` };
}

/** A Host header without its port, in lower case. */
export function bareHost(host: string): string {
  const port = host.lastIndexOf(":");
  const withoutPort = port >= 0 && host.indexOf("]", port) < 0 ? host.slice(0, port) : host;
  return withoutPort.toLowerCase();
}
