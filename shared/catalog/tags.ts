import type { Digest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Tag } from "../domain/name.ts";
import type { Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { EventedChange, newEvent, readAs, untilSettled } from "./commit.ts";
import { findDeletedTag, keepsDeleted, keepTag } from "./deletion/deleted-tags.ts";
import {
  type Lock,
  type ManifestDocument,
  type ManifestTagDocument,
  schema,
  type TagDocument,
} from "./documents.ts";
import { endOfPrefix, ids, ranks } from "./keys.ts";
import { demandUnlocked, disallowed, forbidsDeletion, immutableTags, isUnlisted } from "./locks/locks.ts";
import { findManifest } from "./manifests.ts";
import type { Repository } from "./repositories.ts";

/** The tag, or undefined. One read. */
export async function findTag(
  ports: Ports,
  repository: Repository,
  tag: Tag,
): Promise<Stored<TagDocument> | undefined> {
  return await readAs<TagDocument>(ports.documents, repository.partition, ids.tag(tag), "tag");
}

/**
 * A page of tags after `last`, in the order of their bytes, without those that lists leave out. One range read of `limit` documents,
 * however many tags there are, unless some are left out.
 */
export async function listTags(
  ports: Ports,
  repository: Repository,
  last: string | undefined,
  limit: number,
): Promise<{ tags: Tag[]; more: boolean }> {
  const tags: Tag[] = [];
  let after = ids.tag(last ?? "");
  for (let size = limit; ; size = limits.pageItemsMax) {
    const before = endOfPrefix(ids.tag(""));
    const query = { by: "id", after, before, limit: size, fresh: true } as const;
    const page = await ports.documents.list(repository.partition, query);
    for (const { document } of page.documents) {
      const { tag, locks } = document as TagDocument;
      after = document.id;
      if (isUnlisted(locks)) continue;
      if (tags.length === limit) return { tags, more: true };
      tags.push(tag);
    }
    if (!page.more || tags.length === limit) return { tags, more: page.more };
  }
}

/** How tags are made to mean a manifest. */
export interface TagChange {
  readonly digest: Digest;
  readonly tags: readonly Tag[];
  readonly writer: string;
  /** How often the commit was tried before. */
  readonly tries: number;
  /** Tags that were deleted come back, and one that means something else is in the way unless `force`. Absent: they are pushed. */
  readonly restoring?: { readonly force: boolean };
}

/** What to commit with the manifest's own document, and what changes by it. */
export interface TagPlan {
  readonly operations: readonly Operation[];
  /** The documents of the manifests that tags leave; may be large. */
  readonly left: readonly Operation[];
  readonly tags: number;
  readonly deletedTags: number;
}

/**
 * Plans that the tags mean the manifest: for each its reverse entry, the tag by the etag that was read now, and the reverse entry of
 * the manifest that it leaves, which is told when that was.
 * @throws RegistryError DENIED when a tag is locked, immutable, or in the way
 */
export async function planTags(ports: Ports, repository: Repository, change: TagChange): Promise<TagPlan> {
  const plans = await Promise.all(change.tags.map((tag) => planTag(ports, repository, change, tag)));
  const left = plans.flatMap((plan) => (plan.leaves === undefined ? [] : [plan.leaves]));
  return {
    operations: plans.flatMap(({ operations }) => operations),
    left: await leaveManifests(ports, repository, left, change.writer),
    tags: plans.filter(({ isNew }) => isNew).length,
    deletedTags: plans.reduce((sum, plan) => sum + plan.deletedTags, 0),
  };
}

interface SinglePlan {
  readonly operations: readonly Operation[];
  readonly leaves: Digest | undefined;
  readonly isNew: boolean;
  readonly deletedTags: number;
}

async function planTag(
  ports: Ports,
  repository: Repository,
  { digest, writer, tries, restoring }: TagChange,
  tag: Tag,
): Promise<SinglePlan> {
  const now = ports.clock.now();
  const stored = await findTag(ports, repository, tag);
  const before = stored?.document;
  const leaves = before === undefined || before.digest === digest ? undefined : before.digest;
  if (restoring !== undefined && before?.digest === digest) {
    return { operations: [], leaves, isNew: false, deletedTags: 0 };
  }
  if (before !== undefined) demandMovable(repository, before, digest, restoring?.force ?? true);
  const document: TagDocument = {
    id: ids.tag(tag),
    kind: "tag",
    schema,
    writer,
    rank: ranks.tag(now, tag),
    tag,
    digest,
    version: (before?.version ?? 0) + 1,
    ...(before?.locks === undefined ? {} : { locks: before.locks }),
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
  const operations: Operation[] = [
    { op: "upsert", document: reverseEntry(digest, tag, before?.locks, writer) },
    stored === undefined ? { op: "create", document } : { op: "replace", document, etag: stored.etag },
  ];
  if (leaves !== undefined) operations.push(...(await removeReverse(ports, repository, leaves, tag)));
  const kept = restoring && (await findDeletedTag(ports, repository, tag, digest));
  let deletedTags = 0;
  if (restoring !== undefined && leaves !== undefined && keepsDeleted(repository.registry)) {
    const deletedAt = Math.max(now + tries, (kept?.document.deletedAt ?? 0) + 1);
    operations.push(keepTag(tag, leaves, deletedAt, writer));
    deletedTags += 1;
  }
  if (kept !== undefined) {
    operations.push({ op: "delete", id: kept.document.id, etag: kept.etag });
    deletedTags -= 1;
  }
  return { operations, leaves, isNew: stored === undefined, deletedTags };
}

/** @throws RegistryError DENIED when the tag cannot be moved to the manifest */
export function demandMovable(
  repository: Repository,
  { tag, digest: means, locks }: TagDocument,
  digest: Digest,
  force: boolean,
): void {
  if (means === digest) return;
  if (!force) {
    const message = `the tag ${tag} means another manifest, ${means}; only force moves it`;
    throw new RegistryError("DENIED", { status: 409, message, detail: { tag, digest: means } });
  }
  demandUnlocked("write", `the tag ${tag}`, locks);
  if (immutableTags(repository)?.(tag)) throw disallowed("write", `the tag ${tag} is immutable`);
}

/** The reverse entry of a tag. By its rank a deletion of the manifest finds that the tag is in the way. */
export function reverseEntry(
  digest: Digest,
  tag: Tag,
  locks: readonly Lock[] | undefined,
  writer: string,
): ManifestTagDocument {
  const rank = forbidsDeletion(locks) ? { rank: ranks.lockedTag(digest, tag) } : {};
  return { id: ids.manifestTag(digest, tag), kind: "manifest-tag", schema, writer, ...rank, tag };
}

/** Tells those of the manifests that are live when a tag left them. By their etags: a deletion may be deciding by it. */
async function leaveManifests(
  ports: Ports,
  repository: Repository,
  digests: readonly Digest[],
  writer: string,
): Promise<Operation[]> {
  const distinct = [...new Set(digests)];
  const found = await Promise.all(distinct.map((digest) => findManifest(ports, repository, digest)));
  return found.flatMap((stored) => {
    if (stored === undefined) return [];
    const document: ManifestDocument = { ...stored.document, tagLeftAt: ports.clock.now(), writer };
    return [{ op: "replace", document, etag: stored.etag }];
  });
}

/** The deletion of a tag's reverse entry, if it is there. */
async function removeReverse(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  tag: Tag,
): Promise<Operation[]> {
  const id = ids.manifestTag(digest, tag);
  const reverse = await ports.documents.read(repository.partition, id, { fresh: true });
  return reverse === undefined ? [] : [{ op: "delete", id, etag: reverse.etag }];
}

/**
 * Removes the tag; the manifest stays. With soft delete, what it meant is kept.
 * @param ifEtag only the tag as it was seen
 * @returns false when it was not there, or is not as it was seen
 * @throws RegistryError UNSUPPORTED when it is locked or immutable
 */
export async function removeTag(
  ports: Ports,
  repository: Repository,
  tag: Tag,
  { ifEtag }: { readonly ifEtag?: string } = {},
): Promise<boolean> {
  const soft = keepsDeleted(repository.registry);
  const writer = ports.ids.nonce();
  const event = newEvent(ports, "tag-delete", writer, repository, {
    tags: [tag],
    usage: { tags: -1, ...(soft ? { deletedTags: 1 } : {}) },
  });
  const change = new EventedChange(ports.documents, repository.partition, event);
  let tries = 0;
  return await untilSettled(async () => {
    const stored = await findTag(ports, repository, tag);
    if (stored === undefined || (ifEtag !== undefined && stored.etag !== ifEtag)) {
      return await change.isCommitted();
    }
    const { digest, id, locks } = stored.document;
    if (await change.isCommitted()) return true;
    demandUnlocked("delete", `the tag ${tag}`, locks);
    if (immutableTags(repository)?.(tag)) throw disallowed("delete", `the tag ${tag} is immutable`);
    const operations: Operation[] = [
      ...(soft ? [keepTag(tag, digest, ports.clock.now() + tries++, writer)] : []),
      { op: "delete", id, etag: stored.etag },
      ...(await removeReverse(ports, repository, digest, tag)),
      ...(await leaveManifests(ports, repository, [digest], writer)),
    ];
    return (await change.commit(operations, { digest })) ? true : undefined;
  });
}
