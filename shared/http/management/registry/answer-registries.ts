import { findRegistry, listRegistriesByGroup } from "../../../catalog/registries.ts";
import { limits } from "../../../domain/limits.ts";
import type { Reply } from "../../exchange.ts";
import { jsonReply, malformed } from "../../json.ts";
import type { ManagementRequest } from "../exchange.ts";
import { nextPageOf, parseSkipToken } from "../paging.ts";
import { registriesPath } from "../resource.ts";
import { describeRegistry } from "./describe-registry.ts";

/** Of a registry that is listed: its group, its name and its id. */
const rankGrammar = /^[\w.()-]+:[a-z0-9]+:[a-z0-9]+$/;

/**
 * The registries of a resource group, or of all of the subscription, a page in the order of groups and names.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/list-by-resource-group
 */
export async function answerRegistries(
  request: ManagementRequest,
  group: string | undefined,
): Promise<Reply> {
  const { ports, hosts, method, query } = request;
  const asked = parseSkipToken(query);
  // Each costs three reads.
  const limit = Math.min(asked.limit, limits.pageReadItemsMax);
  const { token } = asked;
  const isOfGroup = group === undefined || token?.startsWith(`${group.toLowerCase()}:`);
  if (token !== undefined && !(rankGrammar.test(token) && isOfGroup))
    throw malformed("$skiptoken is that of a nextLink");
  if (limit === 0) return jsonReply(method, { value: [] });
  const page = await listRegistriesByGroup(ports, group, token, limit);
  const found = await Promise.all(
    page.registries.map(async ({ rid, name }) => {
      const registry = await findRegistry(ports, name);
      return registry?.rid === rid ? [await describeRegistry(request, registry)] : [];
    }),
  );
  const next = page.more ? page.registries.at(-1)?.rank : undefined;
  const path = registriesPath(hosts.scope, group);
  return jsonReply(method, { value: found.flat(), ...nextPageOf(request, path, limit, next) });
}
