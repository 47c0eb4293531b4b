import { limits } from "../../domain/limits.ts";
import { listDeletedRepositories } from "../../registry/inventory/list-deleted.ts";
import type { Reply } from "../exchange.ts";
import { jsonReply, malformed } from "../json.ts";
import type { ManagementExchange } from "./exchange.ts";
import { nextPage, parseSkipToken } from "./paging.ts";
import { resourceId } from "./resource.ts";

const dayMillis = 24 * 3600 * 1000;

/** The repositories that can be restored, the longest deleted first, and until when. */
export async function answerDeletedRepositories(exchange: ManagementExchange): Promise<Reply> {
  const { ports, registry, hosts, method, query } = exchange;
  const { limit, token } = parseSkipToken(query);
  if (token !== undefined && !/^kept:[0-9]{15}:/.test(token))
    throw malformed("$skiptoken is that of a nextLink");
  const { repositories, next } = await listDeletedRepositories(ports, registry, token, limit, () => true);
  const days = registry.policies.softDelete?.days ?? limits.softDeleteDaysUsual;
  const value = repositories.map(({ name, generation, deletedAt }) => ({
    id: resourceId(hosts.scope, registry, "deletedRepositories", generation),
    name,
    type: "Microsoft.ContainerRegistry/registries/deletedRepositories",
    properties: {
      generation,
      deletedTime: new Date(deletedAt).toISOString(),
      expiryTime: new Date(deletedAt + days * dayMillis).toISOString(),
    },
  }));
  return jsonReply(method, { value, ...nextPage(exchange, ["deletedRepositories"], limit, next) });
}
