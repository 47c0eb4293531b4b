import { findRegistry } from "../../../catalog/registries.ts";
import type { RegistryDocument } from "../../../catalog/registry-documents.ts";
import { mayManage, placeOf } from "../../../domain/access/role-assignments.ts";
import type { RegistryError } from "../../../domain/errors.ts";
import { limits } from "../../../domain/limits.ts";
import { asRegistryName, isResourceGroupName } from "../../../domain/name.ts";
import { regionOf } from "../../../domain/place.ts";
import { tierOf } from "../../../domain/tiers/table.ts";
import type { Reply } from "../../exchange.ts";
import { jsonReply, malformed } from "../../json.ts";
import type { ManagementRequest } from "../exchange.ts";
import { nextPageOf, parseSkipToken } from "../paging.ts";
import { readPage } from "../registry/answer-registries.ts";
import { groupOf, isSame, resourceId } from "../resource.ts";

const type = "Microsoft.ContainerRegistry/registries";

/**
 * What is in the subscription, which is registries: how clients find the group of one of which they know the name.
 * @see https://learn.microsoft.com/rest/api/resources/resources/list
 */
export async function answerResources(request: ManagementRequest): Promise<Reply> {
  const { hosts, method, query } = request;
  const { token, limit: asked } = parseSkipToken(query);
  const text = query.get("$filter") ?? "";
  const filter = parseFilter(text);
  if (filter.resourceType !== undefined && !isSame(filter.resourceType, type))
    return jsonReply(method, { value: [] });
  const group = filter.resourceGroup;
  if (group !== undefined && !isResourceGroupName(group)) return jsonReply(method, { value: [] });
  if (filter.name !== undefined) {
    const found = await findNamed(request, filter.name, group);
    return jsonReply(method, { value: found.map((registry) => describeResource(request, registry)) });
  }
  const page = await readPage(request, group, token, Math.min(asked, parseTop(query)));
  const value = page.registries.map((registry) => describeResource(request, registry));
  const path = `/subscriptions/${hosts.scope.subscriptionId}/resources`;
  const more: Readonly<Record<string, string>> = text === "" ? {} : { $filter: text };
  return jsonReply(method, { value, ...nextPageOf(request, path, page.limit, page.next, more) });
}

async function findNamed(
  { ports, hosts, manager }: ManagementRequest,
  text: string,
  group: string | undefined,
): Promise<RegistryDocument[]> {
  const name = asRegistryName(text.toLowerCase());
  const registry = name === undefined ? undefined : await findRegistry(ports, name);
  if (registry === undefined) return [];
  const where = placeOf(groupOf(hosts.scope, registry), registry.name);
  if (!mayManage(manager.roles, "Microsoft.ContainerRegistry/registries/read", where)) return [];
  return group === undefined || isSame(groupOf(hosts.scope, registry), group) ? [registry] : [];
}

function describeResource({ hosts }: ManagementRequest, registry: RegistryDocument): unknown {
  const tier = tierOf(registry);
  return {
    id: resourceId(hosts.scope, registry),
    name: registry.name,
    type,
    location: regionOf(registry.storage.account),
    tags: registry.tags ?? {},
    sku: { name: tier, tier },
  };
}

const fields = ["resourceType", "resourceGroup", "name"] as const;
type Filter = { readonly [field in (typeof fields)[number]]?: string };

/** Comparisons with `eq` that are joined by `and`. */
function parseFilter(text: string): Filter {
  const filter: Record<string, string> = {};
  if (text.trim() === "") return filter;
  if (text.length > limits.filterCharsMax) throw badFilter();
  for (const part of text.split(/ and /i)) {
    const [, field = "", value = ""] = /^ ?([a-z]{1,20}) eq '([^']*)' ?$/i.exec(part) ?? [];
    const known = fields.find((one) => isSame(one, field));
    if (known === undefined || Object.hasOwn(filter, known)) throw badFilter();
    filter[known] = value;
  }
  return filter;
}

function badFilter(): RegistryError {
  return malformed(
    "$filter has comparisons of resourceType, resourceGroup and name such as \"name eq 'shop1'\", joined by and",
  );
}

/** `$top`, which is Azure Resource Manager's word for `n`. */
function parseTop(query: URLSearchParams): number {
  const text = query.get("$top");
  if (text === null) return limits.pageReadItemsMax;
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw malformed("$top is a number from 1 to 9999");
  return Number(text);
}
