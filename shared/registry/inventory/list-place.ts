import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";

/** The order of a list: of names or digests, or of time. */
export type Order = "none" | "timedesc" | "timeasc";

/** Where in a list a page starts. */
export interface ListPlace<Item extends string> {
  /** The last item of the page before. */
  readonly last: Item;
  /** ms since 1970: the time that it was listed by. Absent: what it has now. */
  readonly at?: number;
}

/**
 * A page that shows something, if there is anything more to show: clients take one that is empty for the last. It looks at so many
 * pages at most as a page may take reads.
 */
export async function firstFilled<Place, Page extends { readonly next: Place | undefined }>(
  place: Place | undefined,
  read: (place: Place | undefined) => Promise<Page>,
  isEmpty: (page: Page) => boolean,
): Promise<Page> {
  let page = await read(place);
  for (let pages = 1; pages < limits.manifestPageReadsMax; pages++) {
    if (page.next === undefined || !isEmpty(page)) break;
    page = await read(page.next);
  }
  return page;
}

/** By time, a list cannot go on behind what is no longer there. */
export function unknownPlace(last: string): RegistryError {
  return new RegistryError("PAGINATION_NUMBER_INVALID", {
    message: "last is no longer there; go on by the Link of the page before",
    detail: { last },
  });
}
