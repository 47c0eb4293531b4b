import type { ListPlace, Order } from "../../registry/inventory/list-place.ts";
import { malformed } from "../json.ts";
import { nextLink, parsePage } from "../paginate.ts";
import { formatAcrPath } from "./route.ts";

/** What a client asks of a list that has orders. */
export interface ListQuery<Item extends string> {
  readonly order: Order;
  readonly place: ListPlace<Item> | undefined;
  readonly limit: number;
}

/**
 * `n`, `last` and `orderby`, and `at`, which says in links what time `last` was listed by.
 * @param parse undefined: `last` is no such item
 * @throws RegistryError PAGINATION_NUMBER_INVALID, or UNSUPPORTED with status 400
 */
export function parseListQuery<Item extends string>(
  query: URLSearchParams,
  parse: (text: string) => Item | undefined,
): ListQuery<Item> {
  const { limit, last: text } = parsePage(query);
  const order = query.get("orderby") || "none";
  if (order !== "none" && order !== "timedesc" && order !== "timeasc") {
    throw malformed("orderby is none, timedesc or timeasc");
  }
  const at = query.get("at") || undefined;
  if (at !== undefined && !/^[0-9]{1,15}$/.test(at)) throw malformed("at is a time in ms since 1970");
  const last = text === undefined ? undefined : parse(text);
  if (text !== undefined && last === undefined) throw malformed("last is an item of the page before");
  const place = last === undefined ? undefined : { last, ...(at === undefined ? {} : { at: Number(at) }) };
  return { order, place, limit };
}

/** The `Link` to the next page. @param path parts of the path, not encoded */
export function nextPage(
  path: readonly string[],
  { order, limit }: ListQuery<string>,
  next: ListPlace<string>,
  digest?: string,
): Readonly<Record<string, string>> {
  const link = nextLink(formatAcrPath(...path), {
    last: next.last,
    n: String(limit),
    orderby: order === "none" ? "" : order,
    at: next.at === undefined ? undefined : String(next.at),
    digest,
  });
  return { link };
}
