import type { Digest } from "../../domain/digest.ts";
import type { Operation } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { EventedChange, newEvent, untilSettled } from "../commit.ts";
import type { ManifestDocument, ManifestTagDocument, RepositoryFigures } from "../documents.ts";
import { endOfPrefix, ids, ranks } from "../keys.ts";
import { demandUnlocked, disallowed, immutableTags } from "../locks/locks.ts";
import { finishManifestDeletion } from "../manifest-deletion.ts";
import { findManifest, readManifest } from "../manifests.ts";
import type { Repository } from "../repositories.ts";
import { keepsDeleted } from "./deleted-tags.ts";

/** Reverse entries looked at in one range read. */
const tagsAtOnce = 500;

/**
 * Deletes the manifest and every tag on it. From the first commit on, which marks it as deleting, no reader sees it and no tag
 * can move to it; the rest is done before the answer and can be done again by anybody who meets the mark. With soft delete the
 * manifest, with its edges, and what its tags meant are kept.
 * @param ifEtag only the manifest as it was seen
 * @returns false when it was not there, or is not as it was seen
 * @throws RegistryError UNSUPPORTED when it, or a tag on it, is locked or immutable
 */
export async function removeManifest(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  { ifEtag }: { readonly ifEtag?: string } = {},
): Promise<boolean> {
  const soft = keepsDeleted(repository.registry);
  const writer = ports.ids.nonce();
  const event = newEvent(ports, "manifest-delete", writer, repository, { digest });
  const change = new EventedChange(ports.documents, repository.partition, event);
  const marked = await untilSettled(async () => {
    const stored = await findManifest(ports, repository, digest);
    if (stored === undefined || (ifEtag !== undefined && stored.etag !== ifEtag)) {
      return await change.isCommitted();
    }
    if (await change.isCommitted()) return true;
    await demandDeletable(ports, repository, stored.document);
    const mark = markOf(ports, stored.document, writer, soft ? ports.clock.now() : undefined);
    const { mediaType, size } = stored.document;
    const usage: Partial<RepositoryFigures> = {
      manifests: -1,
      manifestBytes: -size,
      ...(soft ? { deletedManifests: 1, deletedManifestBytes: size } : {}),
    };
    const operation: Operation = { op: "replace", document: mark, etag: stored.etag };
    return (await change.commit([operation], { mediaType, size, usage })) ? true : undefined;
  });
  await finishManifestDeletion(ports, repository, digest);
  return marked;
}

/**
 * Gives up a manifest that is deleted, or about to be kept as such: from the first commit on it cannot be restored, and then all of
 * it goes.
 * @param deletedBefore ms since 1970: only what was deleted before
 * @returns false when there was none
 */
export async function purgeManifest(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  deletedBefore: number = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const writer = ports.ids.nonce();
  const event = newEvent(ports, "manifest-purge", writer, repository, { digest });
  const change = new EventedChange(ports.documents, repository.partition, event);
  const marked = await untilSettled(async () => {
    const stored = await readManifest(ports, repository, digest);
    const deletedAt = stored?.document.deletedAt ?? Number.POSITIVE_INFINITY;
    if (stored === undefined || deletedAt >= deletedBefore) return await change.isCommitted();
    if (await change.isCommitted()) return true;
    const { mediaType, size } = stored.document;
    const mark = markOf(ports, stored.document, writer, undefined);
    const usage = { deletedManifests: -1, deletedManifestBytes: -size };
    const operation: Operation = { op: "replace", document: mark, etag: stored.etag };
    return (await change.commit([operation], { mediaType, size, usage })) ? true : undefined;
  });
  await finishManifestDeletion(ports, repository, digest);
  return marked;
}

/** @param deletedAt when it is to be kept, so that whoever finishes the deletion knows */
function markOf(
  ports: Ports,
  { deletedAt: _, ...document }: ManifestDocument,
  writer: string,
  deletedAt: number | undefined,
): ManifestDocument {
  return {
    ...document,
    state: "deleting",
    ...(deletedAt === undefined ? {} : { deletedAt }),
    rank: ranks.unfinishedManifest(ports.clock.now(), document.digest),
    writer,
  };
}

/**
 * A lock of a tag is set with the manifest's document, and so is a tag: what is found here holds for the etag that was read before.
 * @throws RegistryError UNSUPPORTED
 */
async function demandDeletable(
  ports: Ports,
  repository: Repository,
  { digest, locks }: ManifestDocument,
): Promise<void> {
  demandUnlocked("delete", `the manifest ${digest}`, locks);
  const locked = await ports.documents.list(repository.partition, {
    by: "rank",
    after: ranks.lockedTags(digest),
    before: endOfPrefix(ranks.lockedTags(digest)),
    limit: 1,
    fresh: true,
  });
  const [first] = locked.documents;
  if (first !== undefined) {
    const { tag } = first.document as ManifestTagDocument;
    throw disallowed("delete", `the tag ${tag}, which is on the manifest, is locked`);
  }
  const isImmutable = immutableTags(repository);
  if (isImmutable === undefined) return;
  const prefix = ids.manifestTags(digest);
  for (let after = prefix, more = true; more; ) {
    const query = { by: "id", after, before: endOfPrefix(prefix), limit: tagsAtOnce, fresh: true } as const;
    const page = await ports.documents.list(repository.partition, query);
    for (const { document } of page.documents) {
      const { tag } = document as ManifestTagDocument;
      if (isImmutable(tag))
        throw disallowed("delete", `the tag ${tag}, which is on the manifest, is immutable`);
      after = document.id;
    }
    more = page.more;
  }
}
