import type { RepositoryUsageDocument } from "../../catalog/documents.ts";
import { ids } from "../../catalog/keys.ts";
import {
  deletedFigures,
  listRepositoryUsage,
  noFigures,
  readRegistryUsage,
  stateOfUsage,
} from "../../catalog/usage.ts";
import type { Reply } from "../exchange.ts";
import { jsonReply } from "../json.ts";
import type { ManagementExchange } from "./exchange.ts";
import { nextPage, parseSkipToken } from "./paging.ts";
import { resourceId } from "./resource.ts";

/** As Azure's own usages say of what has no limit. */
const unlimited = -1;

/**
 * What a registry stores, each blob once.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/list-usages
 */
export async function answerUsages({ ports, registry, method }: ManagementExchange): Promise<Reply> {
  const usage = await readRegistryUsage(ports, registry.rid);
  const live = usage?.live ?? noFigures;
  const deleted = deletedFigures(usage);
  const bytes = {
    Size: (usage?.bytes ?? 0) + live.manifestBytes + deleted.manifestBytes,
    CondemnedSize: usage?.condemnedBytes ?? 0,
  };
  const counts = {
    Blobs: usage?.blobs ?? 0,
    CondemnedBlobs: usage?.condemnedBlobs ?? 0,
    Manifests: live.manifests,
    Tags: live.tags,
    DeletedManifests: deleted.manifests,
    DeletedTags: deleted.tags,
  };
  const items = (values: Readonly<Record<string, number>>, unit: string) =>
    Object.entries(values).map(([name, currentValue]) => ({ name, currentValue, limit: unlimited, unit }));
  return jsonReply(method, { value: [...items(bytes, "Bytes"), ...items(counts, "Count")] });
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
    .map((usage) => item(exchange, usage));
  return jsonReply(method, { value, ...nextPage(exchange, ["repositoryUsages"], limit, next) });
}

function item({ hosts, registry }: ManagementExchange, usage: RepositoryUsageDocument): unknown {
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
