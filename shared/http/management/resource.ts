import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { RegistryError } from "../../domain/errors.ts";
import { isResourceGroupName, type RegistryName } from "../../domain/name.ts";
import { bareHost, type Hosts, isHost, type ManagedScope } from "../address.ts";
import type { ArmRoute } from "./route.ts";

/** Tells whether both name the same, as Azure Resource Manager compares. */
export function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/**
 * Whether the path leads to something of this deployment. Its subscription has every resource group that a path can name.
 * @param host the Host header: the management API answers on plain and shared hosts, since any other is one registry's own
 * @throws RegistryError
 */
export function demandScope(hosts: Hosts, host: string, route: ArmRoute): void {
  const { scope } = hosts;
  const bare = bareHost(host);
  if (!isHost(host) || !(hosts.plain.includes(bare) || hosts.shared.includes(bare))) {
    throw new RegistryError("NAME_UNKNOWN", {
      message: `nothing is managed on ${bare.slice(0, 255)}, but on ${[...hosts.plain, ...hosts.shared].join(", ")}`,
    });
  }
  if (route.subscription !== undefined && !isSame(route.subscription, scope.subscriptionId)) {
    throw new RegistryError("NAME_UNKNOWN", {
      managementCode: "SubscriptionNotFound",
      message: `The subscription '${route.subscription.slice(0, 100)}' could not be found.`,
    });
  }
  if ("group" in route && !isResourceGroupName(route.group)) {
    throw new RegistryError("NAME_UNKNOWN", {
      managementCode: "ResourceGroupNotFound",
      message: `Resource group '${route.group.slice(0, 100)}' could not be found.`,
    });
  }
}

/** The resource group of a registry. */
export function groupOf(scope: ManagedScope, { group }: Pick<RegistryDocument, "group">): string {
  return group ?? scope.resourceGroup;
}

/** As Azure Resource Manager words it. */
export function unknownRegistry(group: string, registry: string): RegistryError {
  const resource = `Microsoft.ContainerRegistry/registries/${registry.slice(0, 100)}`;
  return new RegistryError("NAME_UNKNOWN", {
    message: `The Resource '${resource}' under resource group '${group}' was not found.`,
  });
}

/** The path of the registries of a resource group, or, without one, of the subscription. */
export function registriesPath({ subscriptionId }: ManagedScope, group: string | undefined): string {
  const within = group === undefined ? "" : `/resourceGroups/${group}`;
  return `/subscriptions/${subscriptionId}${within}/providers/Microsoft.ContainerRegistry/registries`;
}

/** A resource's id: the registry's, or that of something below it. */
export function resourceId(
  scope: ManagedScope,
  registry: Pick<RegistryDocument, "name" | "group">,
  ...below: readonly string[]
): string {
  return [registriesPath(scope, groupOf(scope, registry)), registry.name, ...below].join("/");
}

/**
 * Every request names the version of the API that it means; here all are the same.
 * @throws RegistryError
 */
export function demandApiVersion(query: URLSearchParams): void {
  const version = query.get("api-version") ?? "";
  if (version === "") {
    throw new RegistryError("UNSUPPORTED", {
      status: 400,
      managementCode: "MissingApiVersionParameter",
      message: "The api-version query parameter (?api-version=) is required for all requests.",
    });
  }
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$/.test(version)) {
    throw new RegistryError("UNSUPPORTED", {
      status: 400,
      managementCode: "InvalidApiVersionParameter",
      message: "The api-version is a date such as 2025-04-01, or one with -preview behind it.",
    });
  }
}

/** Where clients log in: the host that was asked, if that is the registry's, else its own, by the port that was asked. */
export function loginServer(hosts: Hosts, host: string, registry: RegistryName): string {
  const bare = bareHost(host);
  if (hosts.plain.includes(bare) && registry === hosts.defaultRegistry) return host.toLowerCase();
  return `${registry}.${hosts.domain}${host.slice(bare.length)}`;
}
