import { RegistryError } from "../../domain/errors.ts";
import { asRegistryName, type RegistryName } from "../../domain/name.ts";
import { bareHost, type Hosts, type ManagedScope } from "../address.ts";
import type { ArmResource } from "./route.ts";

/** Tells whether both name the same, as Azure Resource Manager compares. */
function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/**
 * The registry that a path names.
 * @param host the Host header: the management API answers on plain and shared hosts, since any other is one registry's own
 * @throws RegistryError when the path leads to no registry of this deployment
 */
export function registryOf(
  hosts: Hosts,
  host: string,
  { subscription, group, registry }: ArmResource,
): RegistryName {
  const { scope } = hosts;
  const bare = bareHost(host);
  if (!hosts.plain.includes(bare) && !hosts.shared.includes(bare)) {
    throw new RegistryError("NAME_UNKNOWN", { message: "nothing is managed on this host" });
  }
  if (!same(subscription, scope.subscriptionId)) {
    throw new RegistryError("NAME_UNKNOWN", {
      managementCode: "SubscriptionNotFound",
      message: `The subscription '${subscription.slice(0, 100)}' could not be found.`,
    });
  }
  if (!same(group, scope.resourceGroup)) {
    throw new RegistryError("NAME_UNKNOWN", {
      managementCode: "ResourceGroupNotFound",
      message: `Resource group '${group.slice(0, 100)}' could not be found.`,
    });
  }
  const name = asRegistryName(registry.toLowerCase());
  if (name === undefined) throw unknownRegistry(scope, registry);
  return name;
}

/** As Azure Resource Manager words it. */
export function unknownRegistry(scope: ManagedScope, registry: string): RegistryError {
  const resource = `Microsoft.ContainerRegistry/registries/${registry.slice(0, 100)}`;
  return new RegistryError("NAME_UNKNOWN", {
    message: `The Resource '${resource}' under resource group '${scope.resourceGroup}' was not found.`,
  });
}

/** A resource's id: the registry's, or that of something below it. */
export function resourceId(scope: ManagedScope, registry: RegistryName, ...below: readonly string[]): string {
  const { subscriptionId, resourceGroup } = scope;
  const provider = "providers/Microsoft.ContainerRegistry/registries";
  return [
    `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/${provider}/${registry}`,
    ...below,
  ].join("/");
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

/** Where clients log in: the host that was asked, if that is the registry's. */
export function loginServer(hosts: Hosts, host: string, registry: RegistryName): string {
  const isPlain = hosts.plain.includes(bareHost(host));
  return isPlain && registry === hosts.defaultRegistry ? host.toLowerCase() : `${registry}.${hosts.domain}`;
}
