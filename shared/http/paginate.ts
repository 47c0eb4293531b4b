import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";

/** All that is listed is printable ASCII without spaces. */
const printable = /^[\x21-\x7e]+$/;

/** What a client asks of a list. */
export interface PageRequest {
  /** Items of this page, 0 to 1,000. */
  readonly limit: number;
  /** The last item of the page before. */
  readonly last: string | undefined;
}

/**
 * `n` and `last`. More than 1,000 items are given in several pages.
 * @throws RegistryError PAGINATION_NUMBER_INVALID
 */
export function parsePage(query: URLSearchParams): PageRequest {
  const n = query.get("n");
  const last = query.get("last") || undefined;
  if (last !== undefined && (last.length > limits.lastCharsMax || !printable.test(last))) {
    throw new RegistryError("PAGINATION_NUMBER_INVALID", { message: "last is an item of the page before" });
  }
  if (n === null) return { limit: limits.pageItemsMax, last };
  if (!/^[0-9]+$/.test(n)) {
    throw new RegistryError("PAGINATION_NUMBER_INVALID", {
      message: "n is a number of items, zero or more",
      detail: { n: n.slice(0, 40) },
    });
  }
  return { limit: Math.min(Number(n), limits.pageItemsMax), last };
}

/** The `Link` to the next page, by RFC 8288, relative like every location. */
export function nextLink(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return `<${path}?${query.toString()}>; rel="next"`;
}
