import { limits } from "../../domain/limits.ts";
import type { Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import type { DeletedTagDocument } from "../collection-documents.ts";
import type { ManifestDocument } from "../documents.ts";
import { endOfPrefix, ranks } from "../keys.ts";
import type { Repository } from "../repositories.ts";
import { purgeTags, tagsPerCommit } from "./deleted-tags.ts";
import { purgeManifest } from "./remove-manifest.ts";

/** Deleted manifests and deleted tags share one order. */
type Deleted = Stored<ManifestDocument | DeletedTagDocument>;

/**
 * A page of the manifests that can be restored, the longest deleted first.
 * @param after the rank to start behind
 * @returns also the rank that the next page starts behind; undefined when this is the last page. A page ends early where too much
 * would have to be read, and can then even be empty.
 */
export async function listDeletedManifests(
  ports: Ports,
  repository: Repository,
  after: string | undefined,
  limit: number,
): Promise<{ manifests: ManifestDocument[]; next: string | undefined }> {
  const manifests: ManifestDocument[] = [];
  let rank = after ?? ranks.deleted;
  for (let reads = 0; reads < limits.manifestPageReadsMax; reads++) {
    const { documents, more } = await listDeleted(ports, repository, rank, limits.manifestPageDocumentsMax);
    for (const { document } of documents) {
      if (manifests.length === limit) return { manifests, next: rank };
      rank = document.rank ?? rank;
      if (document.kind === "manifest") manifests.push(document);
    }
    if (!more) return { manifests, next: undefined };
  }
  return { manifests, next: rank };
}

/** What `purgeExpired` did. */
export interface Purged {
  readonly manifests: number;
  readonly tags: number;
  /** When the longest deleted of what is left was deleted, in ms since 1970; undefined when nothing is left. */
  readonly next: number | undefined;
}

/**
 * Gives up the manifests and tags that were deleted before that time, the longest deleted first. What is restored or deleted anew
 * meanwhile stays. A manifest goes even if another deleted one needs it: that one was to be restored in time.
 * @param before ms since 1970
 * @param limit how many to look at; if `next` is before that time, there are more
 */
export async function purgeExpired(
  ports: Ports,
  repository: Repository,
  before: number,
  limit: number,
): Promise<Purged> {
  const { documents, more } = await listDeleted(ports, repository, ranks.deleted, limit);
  const expired = documents.filter(({ document }) => (document.deletedAt ?? 0) < before);
  const [first] = documents.slice(expired.length);
  let manifests = 0;
  for (const { document } of expired) {
    if (document.kind !== "manifest") continue;
    if (await purgeManifest(ports, repository, document.digest, before)) manifests += 1;
  }
  let tags = 0;
  const expiredTags = expired.filter((one): one is Stored<DeletedTagDocument> => isTag(one));
  for (let from = 0; from < expiredTags.length; from += tagsPerCommit) {
    tags += await purgeTags(ports, repository, expiredTags.slice(from, from + tagsPerCommit));
  }
  const next = first?.document.deletedAt ?? (more ? expired.at(-1)?.document.deletedAt : undefined);
  return { manifests, tags, next };
}

function isTag({ document }: Deleted): boolean {
  return document.kind === "deleted-tag";
}

async function listDeleted(
  ports: Ports,
  repository: Repository,
  after: string,
  limit: number,
): Promise<{ documents: readonly Deleted[]; more: boolean }> {
  const page = await ports.documents.list(repository.partition, {
    by: "rank",
    after,
    before: endOfPrefix(ranks.deleted),
    limit,
    fresh: true,
  });
  return { documents: page.documents as readonly Deleted[], more: page.more };
}
