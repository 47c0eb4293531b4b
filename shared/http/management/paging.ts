import { limits } from "../../domain/limits.ts";
import { malformed } from "../json.ts";
import { type PageRequest, parsePage } from "../paginate.ts";
import type { ManagementExchange, ManagementRequest } from "./exchange.ts";
import { resourceId } from "./resource.ts";

/**
 * `n` and `$skiptoken`, which names the last item of the page before.
 * @throws RegistryError with status 400
 */
export function parseSkipToken(query: URLSearchParams): {
  limit: PageRequest["limit"];
  token: string | undefined;
} {
  const { limit } = parsePage(query);
  const token = query.get("$skiptoken") || undefined;
  if (token !== undefined && (token.length > limits.lastCharsMax || !/^[\x21-\x7e]+$/.test(token)))
    throw malformed("$skiptoken is that of a nextLink");
  return { limit, token };
}

/** The `nextLink` of a list below a registry; nothing on the last page. */
export function nextPage(
  exchange: ManagementExchange,
  list: readonly string[],
  limit: number,
  token: string | undefined,
  more: Readonly<Record<string, string>> = {},
): { readonly nextLink?: string } {
  const path = resourceId(exchange.hosts.scope, exchange.registry, ...list);
  return nextPageOf(exchange, path, limit, token, more);
}

/** The `nextLink` of a list, absolute as everywhere in Azure Resource Manager; nothing on the last page. */
export function nextPageOf(
  { host, scheme, query }: ManagementRequest,
  path: string,
  limit: number,
  token: string | undefined,
  more: Readonly<Record<string, string>> = {},
): { readonly nextLink?: string } {
  if (token === undefined) return {};
  const parameters = new URLSearchParams({
    "api-version": query.get("api-version") ?? "",
    n: String(limit),
    $skiptoken: token,
    ...more,
  });
  return { nextLink: `${scheme}://${host}${path}?${parameters.toString()}` };
}
