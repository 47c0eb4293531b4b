import { RegistryError } from "../../domain/errors.ts";

/** The order of a list: of names or digests, or of time. */
export type Order = "none" | "timedesc" | "timeasc";

/** Where in a list a page starts. */
export interface ListPlace<Item extends string> {
  /** The last item of the page before. */
  readonly last: Item;
  /** ms since 1970: the time that it was listed by. Absent: what it has now. */
  readonly at?: number;
}

/** By time, a list cannot go on behind what is no longer there. */
export function unknownPlace(last: string): RegistryError {
  return new RegistryError("PAGINATION_NUMBER_INVALID", {
    message: "last is no longer there; go on by the Link of the page before",
    detail: { last },
  });
}
