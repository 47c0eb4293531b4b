import { ranks } from "../../../catalog/keys.ts";
import { findRegistry, listRegistriesByGroup } from "../../../catalog/registries.ts";
import type { RegistryDocument } from "../../../catalog/registry-documents.ts";
import { type Place, placeOf, placesWithin } from "../../../domain/access/role-assignments.ts";
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
 * The registries of a resource group, or of all of the subscription, that the caller may read, a page in the order of groups and names.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/list-by-resource-group
 */
export async function answerRegistries(
  request: ManagementRequest,
  group: string | undefined,
): Promise<Reply> {
  const { token, limit } = parseSkipToken(request.query);
  const page = await readPage(request, group, token, limit);
  const value = await Promise.all(page.registries.map((registry) => describeRegistry(request, registry)));
  const path = registriesPath(request.hosts.scope, group);
  return jsonReply(request.method, { value, ...nextPageOf(request, path, page.limit, page.next) });
}

/** A page of registries that are there, of those that the caller may read. @throws RegistryError with status 400 for a token of no list of the group */
export async function readPage(
  { ports, manager }: ManagementRequest,
  group: string | undefined,
  token: string | undefined,
  asked: number,
): Promise<{ registries: RegistryDocument[]; limit: number; next: string | undefined }> {
  // Each costs three reads.
  const limit = Math.min(asked, limits.pageReadItemsMax);
  const isOfGroup = group === undefined || token?.startsWith(`${group.toLowerCase()}:`);
  if (token !== undefined && !(rankGrammar.test(token) && isOfGroup))
    throw malformed("$skiptoken is that of a nextLink");
  if (limit === 0) return { registries: [], limit, next: undefined };
  const places = placesWithin(manager.roles, "Microsoft.ContainerRegistry/registries/read", placeOf(group));
  const page = await listRegistriesIn(ports, places, token, limit);
  const found = await Promise.all(
    page.registries.map(async ({ rid, name }) => {
      const registry = await findRegistry(ports, name);
      return registry?.rid === rid ? [registry] : [];
    }),
  );
  return { registries: found.flat(), limit, next: page.more ? page.registries.at(-1)?.rank : undefined };
}

type Page = Awaited<ReturnType<typeof listRegistriesByGroup>>;

/**
 * A page of the registries in any of these places, none of which lies in another: a range read for each place that the page has
 * anything of, and for each that has nothing. What lies elsewhere costs nothing, and no token tells of it.
 */
async function listRegistriesIn(
  ports: ManagementRequest["ports"],
  places: readonly Place[],
  after: string | undefined,
  limit: number,
): Promise<Page> {
  const ranges = places
    .map((place) => ({
      place,
      prefix: place.group === undefined ? "" : ranks.registriesOf(place.group, place.registry),
    }))
    .sort((one, other) => (one.prefix < other.prefix ? -1 : 1))
    .filter(({ prefix }) => after === undefined || after.startsWith(prefix) || after < prefix);
  const registries: Page["registries"] = [];
  for (const [index, { place, prefix }] of ranges.entries()) {
    const from = after?.startsWith(prefix) === true ? after : undefined;
    const page = await listRegistriesByGroup(ports, place, from, limit - registries.length);
    registries.push(...page.registries);
    if (page.more || registries.length >= limit)
      return { registries, more: page.more || index + 1 < ranges.length };
  }
  return { registries, more: false };
}
