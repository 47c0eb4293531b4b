import type { Digest } from "../../domain/digest.ts";
import { limits } from "../../domain/limits.ts";
import type { Tag } from "../../domain/name.ts";
import type { Ports } from "../../ports/ports.ts";
import type { TagDocument } from "../documents.ts";
import { endOfPrefix, ids, ranks } from "../keys.ts";
import { isUnlisted } from "../locks/locks.ts";
import type { Repository } from "../repositories.ts";
import { findTag } from "../tags.ts";
import { listTagNames } from "./manifest-pages.ts";

/** A page of tags that may be listed. `next` is what the next page starts behind, shown or not; undefined: this is the last page. */
export interface TagPage<Next> {
  readonly tags: readonly TagDocument[];
  readonly next: Next | undefined;
}

/** Tags in the order of their bytes. One range read. @param last the tag to start behind */
export async function listTagsByName(
  ports: Ports,
  repository: Repository,
  last: string | undefined,
  limit: number,
): Promise<TagPage<TagDocument>> {
  const page = await ports.documents.list(repository.partition, {
    by: "id",
    after: ids.tag(last ?? ""),
    before: endOfPrefix(ids.tag("")),
    limit,
    fresh: true,
  });
  return pageOf(
    page.documents.map((stored) => stored.document as TagDocument),
    page.more,
  );
}

/** Tags in the order in which they were made or last moved. One range read. @param from the rank to start behind */
export async function listTagsByTime(
  ports: Ports,
  repository: Repository,
  from: string | undefined,
  descending: boolean,
  limit: number,
): Promise<TagPage<TagDocument>> {
  const page = await ports.documents.list(repository.partition, {
    by: "rank",
    after: descending ? ranks.tags : (from ?? ranks.tags),
    before: descending ? (from ?? endOfPrefix(ranks.tags)) : endOfPrefix(ranks.tags),
    descending,
    limit,
    fresh: true,
  });
  return pageOf(
    page.documents.map((stored) => stored.document as TagDocument),
    page.more,
  );
}

/** Tags on a manifest, in the order of their bytes. A range read, and a read for each. @param last the tag to start behind */
export async function listTagsOf(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  last: string | undefined,
  limit: number,
): Promise<TagPage<Tag>> {
  const readsMax = Math.min(limit, limits.pageReadItemsMax);
  const page = await listTagNames(ports, repository, digest, last, readsMax);
  const found = await Promise.all(page.tags.map(async (tag) => await findTag(ports, repository, tag)));
  // One may have moved since.
  const tags = found.flatMap((stored) => (stored?.document.digest === digest ? [stored.document] : []));
  return {
    tags: tags.filter(({ locks }) => !isUnlisted(locks)),
    next: page.more ? page.tags.at(-1) : undefined,
  };
}

function pageOf(met: readonly TagDocument[], more: boolean): TagPage<TagDocument> {
  return { tags: met.filter(({ locks }) => !isUnlisted(locks)), next: more ? met.at(-1) : undefined };
}
