import type { Digest } from "../domain/digest.ts";
import { timeKey } from "../domain/key.ts";
import type { Tag } from "../domain/name.ts";
import type { Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { EventedChange, newEvent, readAs, untilSettled } from "./commit.ts";
import { type ManifestTagDocument, schema, type TagDocument } from "./documents.ts";
import { endOfPrefix, ids } from "./keys.ts";
import type { Repository } from "./repositories.ts";

/** The tag, or undefined. One read. */
export async function findTag(
  ports: Ports,
  repository: Repository,
  tag: Tag,
): Promise<Stored<TagDocument> | undefined> {
  return await readAs<TagDocument>(ports.documents, repository.partition, ids.tag(tag), "tag");
}

/** A page of tags after `last`, in the order of their bytes. One range read of `limit` documents, however many tags there are. */
export async function listTags(
  ports: Ports,
  repository: Repository,
  last: string | undefined,
  limit: number,
): Promise<{ tags: Tag[]; more: boolean }> {
  const page = await ports.documents.list(repository.partition, {
    by: "id",
    after: ids.tag(last ?? ""),
    before: endOfPrefix(ids.tag("")),
    limit,
    fresh: true,
  });
  return { tags: page.documents.map((stored) => (stored.document as TagDocument).tag), more: page.more };
}

/**
 * What to commit, with the manifest's own document, so that `tags` mean `digest`: for each tag its reverse entry, the tag
 * by the etag that was read now, and the reverse entry of the manifest that it leaves.
 * @returns also how many of the tags are new
 */
export async function planTags(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  tags: readonly Tag[],
  writer: string,
): Promise<{ operations: Operation[]; created: number }> {
  const plans = await Promise.all(tags.map((tag) => planTag(ports, repository, digest, tag, writer)));
  return {
    operations: plans.flatMap(({ operations }) => operations),
    created: plans.filter(({ isNew }) => isNew).length,
  };
}

async function planTag(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  tag: Tag,
  writer: string,
): Promise<{ operations: Operation[]; isNew: boolean }> {
  const now = ports.clock.now();
  const stored = await findTag(ports, repository, tag);
  const reverse: ManifestTagDocument = {
    id: ids.manifestTag(digest, tag),
    kind: "manifest-tag",
    schema,
    writer,
    tag,
  };
  const document: TagDocument = {
    id: ids.tag(tag),
    kind: "tag",
    schema,
    writer,
    rank: `t:${timeKey(now)}:${tag}`,
    tag,
    digest,
    version: (stored?.document.version ?? 0) + 1,
    createdAt: stored?.document.createdAt ?? now,
    updatedAt: now,
  };
  const operations: Operation[] = [
    { op: "upsert", document: reverse },
    stored === undefined ? { op: "create", document } : { op: "replace", document, etag: stored.etag },
  ];
  if (stored !== undefined && stored.document.digest !== digest) {
    operations.push(...(await removeReverse(ports, repository, stored.document.digest, tag)));
  }
  return { operations, isNew: stored === undefined };
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

/** Removes the tag; the manifest stays. @returns false when it was not there */
export async function removeTag(ports: Ports, repository: Repository, tag: Tag): Promise<boolean> {
  const writer = ports.ids.nonce();
  const event = newEvent(ports, "tag-delete", writer, repository, {
    tags: [tag],
    usage: { tags: -1 },
  });
  const change = new EventedChange(ports.documents, repository.partition, event);
  return await untilSettled(async () => {
    const stored = await findTag(ports, repository, tag);
    if (stored === undefined) return await change.isCommitted();
    const { digest, id } = stored.document;
    const operations: Operation[] = [
      { op: "delete", id, etag: stored.etag },
      ...(await removeReverse(ports, repository, digest, tag)),
    ];
    return (await change.commit(operations, { digest })) ? true : undefined;
  });
}
