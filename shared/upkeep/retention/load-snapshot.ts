import type { LastPullDocument } from "../../catalog/collection-documents.ts";
import type { ManifestDocument, TagDocument } from "../../catalog/documents.ts";
import { endOfPrefix, ids, ranks } from "../../catalog/keys.ts";
import { forbidsDeletion } from "../../catalog/locks/locks.ts";
import type { Repository } from "../../catalog/repositories.ts";
import type { Digest } from "../../domain/digest.ts";
import type { ManifestSnapshot, RepositorySnapshot, TagSnapshot } from "../../domain/lifecycle/snapshot.ts";
import { limits } from "../../domain/limits.ts";
import type { Tag } from "../../domain/name.ts";
import type { ListQuery, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";

/** A repository as it was seen, and by which etags. */
export interface SeenRepository {
  readonly snapshot: RepositorySnapshot;
  readonly tagEtags: ReadonlyMap<Tag, string>;
  readonly manifests: ReadonlyMap<Digest, SeenManifest>;
}

interface SeenManifest {
  readonly etag: string;
  readonly leaseUntil: number;
}

/** Documents of one range read: manifests have their bytes in them. */
const pageDocuments = { manifests: 250, others: 1_000 };

/**
 * Reads what rules decide about, in range reads. Manifests before tags: a tag that moves meanwhile is seen where it is, and the
 * manifests on both sides have another etag then.
 * @param withPulls whether it matters when something was last pulled
 * @param itemsMax tags, manifests, what these name, and days of pulls
 * @returns undefined when there is more
 */
export async function loadSnapshot(
  ports: Ports,
  repository: Repository,
  withPulls: boolean,
  itemsMax: number = limits.retentionItemsMax,
): Promise<SeenRepository | undefined> {
  const { partition, name, locks } = repository;
  let items = 0;
  const tooMany = (more: number) => {
    items += more;
    return items > itemsMax;
  };
  const days = new Map<Digest, string>();
  if (withPulls) {
    for await (const { document } of range(ports, partition, "id", ids.allLastPulls, pageDocuments.others)) {
      const { digest, day } = document as LastPullDocument;
      if (tooMany(1)) return undefined;
      days.set(digest, day);
    }
  }
  const manifests: ManifestSnapshot[] = [];
  const seen = new Map<Digest, SeenManifest>();
  for await (const stored of range(ports, partition, "rank", ranks.manifests, pageDocuments.manifests)) {
    const document = stored.document as ManifestDocument;
    if (tooMany(1 + document.children.length)) return undefined;
    if (document.state !== "live") continue;
    manifests.push(manifestSnapshot(document, days.get(document.digest)));
    seen.set(document.digest, { etag: stored.etag, leaseUntil: document.leaseUntil });
  }
  const tags: TagSnapshot[] = [];
  const tagEtags = new Map<Tag, string>();
  for await (const stored of range(ports, partition, "rank", ranks.tags, pageDocuments.others)) {
    const { tag, digest, updatedAt, locks: tagLocks } = stored.document as TagDocument;
    if (tooMany(1)) return undefined;
    tags.push({ tag, digest, updatedAt, locked: forbidsDeletion(tagLocks) });
    tagEtags.set(tag, stored.etag);
  }
  // Where nothing may be written, nothing goes by itself either; a lock on deleting the repository is not about what is in it.
  const locked = locks?.includes("write") === true;
  return { snapshot: { name, locked, tags, manifests }, tagEtags, manifests: seen };
}

function manifestSnapshot(document: ManifestDocument, lastPullDay: string | undefined): ManifestSnapshot {
  const { digest, createdAt, updatedAt, tagLeftAt, children, subject, locks } = document;
  return {
    digest,
    createdAt,
    updatedAt,
    ...(tagLeftAt === undefined ? {} : { tagLeftAt }),
    children,
    ...(subject === undefined ? {} : { subject }),
    locked: forbidsDeletion(locks),
    ...(lastPullDay === undefined ? {} : { lastPullDay }),
  };
}

/** All documents whose id or rank has the prefix, page by page. */
export async function* range(
  ports: Ports,
  partition: string,
  by: ListQuery["by"],
  prefix: string,
  limit: number,
): AsyncGenerator<Stored, void, undefined> {
  for (let after = prefix, more = true; more; ) {
    const query = { by, after, before: endOfPrefix(prefix), limit, fresh: true } as const;
    const page = await ports.documents.list(partition, query);
    yield* page.documents;
    const last = page.documents.at(-1)?.document;
    after = (by === "id" ? last?.id : last?.rank) ?? after;
    more = page.more && last !== undefined;
  }
}
