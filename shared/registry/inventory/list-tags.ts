import type { TagDocument } from "../../catalog/documents.ts";
import { ranks } from "../../catalog/keys.ts";
import { listTagsByName, listTagsByTime, listTagsOf } from "../../catalog/lists/tag-pages.ts";
import type { Repository } from "../../catalog/repositories.ts";
import { findTag } from "../../catalog/tags.ts";
import type { Digest } from "../../domain/digest.ts";
import type { Tag } from "../../domain/name.ts";
import type { Ports } from "../../ports/ports.ts";
import { firstFilled, type ListPlace, type Order, unknownPlace } from "./list-place.ts";

export interface ListedTags {
  readonly tags: readonly TagDocument[];
  /** Where the next page starts; undefined when this is the last one. */
  readonly next: ListPlace<Tag> | undefined;
}

/**
 * A page of tags with all that is known of them. Those that may not be listed are left out, so that a page can have fewer than asked for.
 * @param digest only tags on this manifest, by name whatever the order
 * @see https://learn.microsoft.com/rest/api/containerregistry/tag/get-list
 */
export async function listTags(
  ports: Ports,
  repository: Repository,
  order: Order,
  place: ListPlace<Tag> | undefined,
  digest: Digest | undefined,
  limit: number,
): Promise<ListedTags> {
  if (limit === 0) return { tags: [], next: undefined };
  return await firstFilled(
    place,
    async (from) => await readPage(ports, repository, order, from, digest, limit),
    ({ tags }) => tags.length === 0,
  );
}

async function readPage(
  ports: Ports,
  repository: Repository,
  order: Order,
  place: ListPlace<Tag> | undefined,
  digest: Digest | undefined,
  limit: number,
): Promise<ListedTags> {
  if (digest !== undefined) {
    const { tags, next } = await listTagsOf(ports, repository, digest, place?.last, limit);
    return { tags, next: next === undefined ? undefined : { last: next } };
  }
  if (order === "none") {
    const { tags, next } = await listTagsByName(ports, repository, place?.last, limit);
    return { tags, next: next === undefined ? undefined : { last: next.tag } };
  }
  const from = place === undefined ? undefined : await rankOf(ports, repository, place);
  const { tags, next } = await listTagsByTime(ports, repository, from, order === "timedesc", limit);
  return { tags, next: next === undefined ? undefined : { last: next.tag, at: next.updatedAt } };
}

/** @throws RegistryError PAGINATION_NUMBER_INVALID */
async function rankOf(ports: Ports, repository: Repository, { last, at }: ListPlace<Tag>): Promise<string> {
  const updatedAt = at ?? (await findTag(ports, repository, last))?.document.updatedAt;
  if (updatedAt === undefined) throw unknownPlace(last);
  return ranks.tag(updatedAt, last);
}
