import { regionOf } from "../../../domain/place.ts";
import { revoke } from "../../../identity/revoke.ts";
import { changeRegistry } from "../../../tenancy/change-registry.ts";
import { deleteRegistry } from "../../../tenancy/delete-registry.ts";
import type { Reply } from "../../exchange.ts";
import { emptyReply, jsonReply, readJsonObject } from "../../json.ts";
import { keysOf } from "../access/keys-of.ts";
import { switchAdminUser } from "../access/switch-admin-user.ts";
import type { ManagementExchange } from "../exchange.ts";
import { groupOf, unknownRegistry } from "../resource.ts";
import { applyPolicies } from "./apply-policies.ts";
import { describeRegistry } from "./describe-registry.ts";
import type { PolicyChange } from "./parse-policies.ts";
import { parseUpdate, parseWhole, type RegistryRequest } from "./parse-registry.ts";

/**
 * GET, PATCH and DELETE of a registry that is there.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries
 */
export async function answerRegistry(exchange: ManagementExchange): Promise<Reply> {
  const { method, body } = exchange;
  switch (method) {
    case "DELETE":
      return await remove(exchange);
    case "PATCH":
      return await describe(await change(exchange, parseUpdate(await readJsonObject(body))));
    default:
      return await describe(exchange);
  }
}

/** Whatever is in it: from now on it is not found, what it had is purged later, and its name is its group's for a while. */
async function remove({ ports, registries, registry, hosts }: ManagementExchange): Promise<Reply> {
  const isDeleted = await deleteRegistry(ports, registry.rid, groupOf(hosts.scope, registry));
  registries.forget(registry.name);
  return isDeleted ? emptyReply(200) : { status: 204, headers: {} };
}

/**
 * Makes of the registry what a whole body asks for.
 * @returns undefined when there is no such registry any more
 */
export async function replaceRegistryAs(
  exchange: ManagementExchange,
  asked: Readonly<Record<string, unknown>>,
): Promise<Reply | undefined> {
  const changed = await tryChange(exchange, parseWhole(asked, regionOf(exchange.registry.storage.account)));
  return changed === undefined ? undefined : await describe(changed);
}

/**
 * The exchange, about the registry with its policies changed.
 * @throws RegistryError
 */
export async function withPolicies(
  exchange: ManagementExchange,
  policies: PolicyChange,
): Promise<ManagementExchange> {
  return await change(exchange, { policies, revokes: [] });
}

async function change(exchange: ManagementExchange, asked: RegistryRequest): Promise<ManagementExchange> {
  const changed = await tryChange(exchange, asked);
  if (changed !== undefined) return changed;
  throw unknownRegistry(groupOf(exchange.hosts.scope, exchange.registry), exchange.registry.name);
}

/** @returns undefined when there is no such registry any more */
async function tryChange(
  exchange: ManagementExchange,
  { tier, tags, policies, adminUser, revokes }: RegistryRequest,
): Promise<ManagementExchange | undefined> {
  const { ports, registries } = exchange;
  const { rid, name } = exchange.registry;
  if (adminUser === true) keysOf(exchange);
  const registry = await changeRegistry(ports, rid, (before) => ({
    ...(tier === undefined ? {} : { tier }),
    ...(tags === undefined ? {} : { tags }),
    ...(policies === undefined ? {} : { policies: applyPolicies(exchange, policies, before.policies) }),
  }));
  registries.forget(name);
  if (registry === undefined) return undefined;
  // Even when nothing has changed: the change before may have ended here.
  if (revokes.length > 0) await revoke(ports, rid, revokes);
  const isThere = adminUser === undefined || (await switchAdminUser(exchange, exchange.registry, adminUser));
  registries.forget(name);
  if (!isThere) return undefined;
  return { ...exchange, registry };
}

async function describe(exchange: ManagementExchange): Promise<Reply> {
  return jsonReply(exchange.method, await describeRegistry(exchange, exchange.registry));
}
