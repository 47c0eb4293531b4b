import type { RepositoryUsageDocument } from "../../catalog/documents.ts";
import { ids } from "../../catalog/keys.ts";
import {
  deletedFigures,
  listRepositoryUsage,
  noFigures,
  readRegistryUsage,
  stateOfUsage,
  storedBytes,
} from "../../catalog/usage.ts";
import { figuresOf } from "../../domain/tiers/table.ts";
import { readAccessCounts } from "../../identity/manage/count-access.ts";
import type { Reply } from "../exchange.ts";
import { jsonReply } from "../json.ts";
import type { ManagementExchange } from "./exchange.ts";
import { nextPage, parseSkipToken } from "./paging.ts";
import { resourceId } from "./resource.ts";

/** As Azure's own usages say of what has no limit. */
const unlimited = -1;

/**
 * What a registry stores, each blob once, and what else its tier bounds.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/list-usages
 */
export async function answerUsages({ ports, registry, method }: ManagementExchange): Promise<Reply> {
  const [usage, { tokens, scopeMaps, trustRules }] = await Promise.all([
    readRegistryUsage(ports, registry.rid),
    readAccessCounts(ports, registry),
  ]);
  const figures = figuresOf(ports.tiers, registry);
  const live = usage?.live ?? noFigures;
  const deleted = deletedFigures(usage);
  const size = storedBytes(usage);
  const value = [
    item("Size", "Bytes", size, figures.includedBytes),
    item("MaximumStorageCapacity", "Bytes", size, figures.storageBytesMax),
    item("CondemnedSize", "Bytes", usage?.condemnedBytes ?? 0),
    item("Blobs", "Count", usage?.blobs ?? 0),
    item("CondemnedBlobs", "Count", usage?.condemnedBlobs ?? 0),
    item("Manifests", "Count", live.manifests),
    item("Tags", "Count", live.tags),
    item("DeletedManifests", "Count", deleted.manifests),
    item("DeletedTags", "Count", deleted.tags),
    item("Tokens", "Count", tokens, figures.tokensMax),
    item("ScopeMaps", "Count", scopeMaps, figures.scopeMapsMax),
    item("TrustRules", "Count", trustRules, figures.trustRulesMax),
    item("IPRules", "Count", registry.policies.network?.ipRules.length ?? 0, figures.ipRulesMax),
  ];
  return jsonReply(method, { value });
}

function item(name: string, unit: "Bytes" | "Count", currentValue: number, limit = unlimited) {
  return { name, currentValue, limit, unit };
}

/** What each repository has, a page in the order of their names: also those that were deleted, until all of them is gone. */
export async function answerRepositoryUsages(exchange: ManagementExchange): Promise<Reply> {
  const { ports, registry, method } = exchange;
  const { limit, token } = parseSkipToken(exchange.query);
  const last = token === undefined ? undefined : { id: ids.repositoryUsages + token };
  const { usages, more } =
    limit === 0 ? { usages: [], more: false } : await listRepositoryUsage(ports, registry.rid, last, limit);
  const next = more ? usages.at(-1)?.id.slice(ids.repositoryUsages.length) : undefined;
  const value = usages
    .filter((usage) => stateOfUsage(usage) !== "purged")
    .map((usage) => repositoryItem(exchange, usage));
  return jsonReply(method, { value, ...nextPage(exchange, ["repositoryUsages"], limit, next) });
}

function repositoryItem({ hosts, registry }: ManagementExchange, usage: RepositoryUsageDocument): unknown {
  const { repository, generation, figures, recount, updatedAt } = usage;
  const { at, ...recounted } = recount ?? { at: undefined };
  return {
    id: resourceId(hosts.scope, registry, "repositoryUsages", encodeURIComponent(repository)),
    name: repository,
    type: "Microsoft.ContainerRegistry/registries/repositoryUsages",
    properties: {
      status: stateOfUsage(usage) === "live" ? "live" : "deleted",
      generation,
      ...figures,
      lastUpdatedTime: new Date(updatedAt).toISOString(),
      ...(at === undefined ? {} : { ...recounted, recountedTime: new Date(at).toISOString() }),
    },
  };
}
