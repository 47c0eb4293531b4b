import type { RegistryPolicies } from "../../catalog/registry-documents.ts";
import { limits } from "../../domain/limits.ts";
import { revocationKeys } from "../../identity/principal.ts";
import { revoke } from "../../identity/revoke.ts";
import { changePolicies } from "../../tenancy/change-policies.ts";
import { deleteRegistry } from "../../tenancy/delete-registry.ts";
import type { Reply } from "../exchange.ts";
import { emptyReply, jsonReply, malformed, readJsonObject } from "../json.ts";
import type { ManagementExchange } from "./exchange.ts";
import { describeRetention, type PolicyChange, parseAnonymousPull, parsePolicies } from "./parse-policies.ts";
import { loginServer, resourceId, unknownRegistry } from "./resource.ts";

/**
 * GET, PATCH and DELETE of a registry.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries
 */
export async function answerRegistry(exchange: ManagementExchange): Promise<Reply> {
  if (exchange.method === "DELETE") return await remove(exchange);
  if (exchange.method !== "PATCH") return describe(exchange);
  const { change, revokes } = parsePatch(await readJsonObject(exchange.body));
  return describe(await withPolicies(exchange, change, revokes));
}

/** Whatever is in it: from now on it is not found, and what it had is purged later. */
async function remove({ ports, registries, registry }: ManagementExchange): Promise<Reply> {
  await deleteRegistry(ports, registry.rid);
  registries.forget(registry.name);
  return emptyReply(200);
}

/**
 * The exchange, about the registry with its policies changed.
 * @param revokes what is made worthless by it, of `revocationKeys`
 * @throws RegistryError
 */
export async function withPolicies(
  exchange: ManagementExchange,
  change: PolicyChange,
  revokes: readonly string[] = [],
): Promise<ManagementExchange> {
  const { ports, registries, hosts } = exchange;
  const { rid, name } = exchange.registry;
  const registry = await changePolicies(ports, rid, (policies) => change(policies, ports.clock.now()));
  // Even when nothing has changed: the change before may have ended here.
  if (revokes.length > 0) await revoke(ports, rid, revokes);
  registries.forget(name);
  if (registry === undefined) throw unknownRegistry(hosts.scope, name);
  return { ...exchange, registry };
}

function parsePatch(body: Readonly<Record<string, unknown>>): {
  readonly change: PolicyChange;
  readonly revokes: readonly string[];
} {
  const { properties, ...others } = body;
  const changeable =
    "properties has policies, anonymousPullEnabled and anonymousPullRepositories; nothing else can be changed";
  if (Object.keys(others).length > 0) throw malformed(changeable);
  if (typeof properties !== "object" || properties === null) throw malformed("properties is an object");
  const { policies, anonymousPullEnabled, anonymousPullRepositories, ...rest } = properties as Readonly<
    Record<string, unknown>
  >;
  if (Object.keys(rest).length > 0) throw malformed(changeable);
  const anonymousPull = parseAnonymousPull(anonymousPullEnabled, anonymousPullRepositories);
  const parts = [anonymousPull, policies === undefined ? undefined : parsePolicies(policies)];
  if (parts.every((part) => part === undefined)) throw malformed(changeable);
  return {
    change: (before, now) => parts.reduce((changed, part) => part?.(changed, now) ?? changed, before),
    // Whoever pulls without a login may hold a token all the same.
    revokes: anonymousPull === undefined ? [] : [revocationKeys.anonymous],
  };
}

function describe(exchange: ManagementExchange): Reply {
  const { registry, hosts, method, ports } = exchange;
  return jsonReply(method, {
    id: resourceId(hosts.scope, registry.name),
    name: registry.name,
    type: "Microsoft.ContainerRegistry/registries",
    location: ports.region,
    tags: {},
    properties: {
      loginServer: loginServer(exchange.hosts, exchange.host, registry.name),
      creationDate: new Date(registry.createdAt).toISOString(),
      provisioningState: "Succeeded",
      anonymousPullEnabled: registry.policies.anonymousPull !== undefined,
      ...(registry.policies.anonymousPull === undefined
        ? {}
        : { anonymousPullRepositories: registry.policies.anonymousPull }),
      policies: describePolicies(registry.policies),
    },
  });
}

function describePolicies({ softDelete, lifecycle }: RegistryPolicies): unknown {
  return {
    softDeletePolicy: {
      retentionDays: softDelete?.days ?? limits.softDeleteDaysUsual,
      status: softDelete?.enabled === true ? "enabled" : "disabled",
      ...(softDelete?.updatedAt === undefined
        ? {}
        : { lastUpdatedTime: new Date(softDelete.updatedAt).toISOString() }),
    },
    retentionPolicy: describeRetention(lifecycle),
  };
}
