import type { Digest } from "../../domain/digest.ts";
import { limits } from "../../domain/limits.ts";
import type { Tag } from "../../domain/name.ts";
import type { Operation, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import type { DeletedTagDocument } from "../collection-documents.ts";
import { EventedChange, newEvent, untilSettled } from "../commit.ts";
import { schema } from "../documents.ts";
import { endOfPrefix, ids, ranks } from "../keys.ts";
import type { RegistryDocument } from "../registry-documents.ts";
import type { Repository } from "../repositories.ts";

/** Whether what is deleted now can be restored. */
export function keepsDeleted({ policies }: RegistryDocument): boolean {
  return policies.softDelete?.enabled === true;
}

/**
 * Keeps what the tag meant; for the commit that deletes or moves it.
 * @param deletedAt ms since 1970, one more with each attempt: the tag may have been deleted in the same ms before
 */
export function keepTag(tag: Tag, digest: Digest, deletedAt: number, writer: string): Operation {
  const document: DeletedTagDocument = {
    id: ids.deletedTag(tag, deletedAt),
    kind: "deleted-tag",
    schema,
    writer,
    rank: ranks.deletedTag(deletedAt, tag),
    tag,
    digest,
    deletedAt,
  };
  return { op: "create", document };
}

/** The last time that the tag was deleted when it meant `digest`, if that can be restored. */
export async function findDeletedTag(
  ports: Ports,
  repository: Repository,
  tag: Tag,
  digest: Digest,
): Promise<Stored<DeletedTagDocument> | undefined> {
  const prefix = ids.deletedTags(tag);
  let before = endOfPrefix(prefix);
  for (;;) {
    const page = await ports.documents.list(repository.partition, {
      by: "id",
      after: prefix,
      before,
      descending: true,
      limit: limits.pageItemsMax,
      fresh: true,
    });
    const documents = page.documents as readonly Stored<DeletedTagDocument>[];
    const found = documents.find(({ document }) => document.digest === digest);
    const last = documents.at(-1);
    if (found !== undefined || !page.more || last === undefined) return found;
    before = last.document.id;
  }
}

/** A page of the tags that can be restored, in the order of their ids. @param after the id of the last one of the page before */
export async function listDeletedTags(
  ports: Ports,
  repository: Repository,
  after: string | undefined,
  limit: number,
): Promise<{ tags: DeletedTagDocument[]; more: boolean }> {
  const page = await ports.documents.list(repository.partition, {
    by: "id",
    after: after ?? ids.allDeletedTags,
    before: endOfPrefix(ids.allDeletedTags),
    limit,
    fresh: true,
  });
  return { tags: page.documents.map((stored) => stored.document as DeletedTagDocument), more: page.more };
}

/** Gives up whatever the tag meant when it was deleted. @returns false when there was nothing */
export async function purgeTag(ports: Ports, repository: Repository, tag: Tag): Promise<boolean> {
  const prefix = ids.deletedTags(tag);
  let purged = 0;
  for (;;) {
    const page = await ports.documents.list(repository.partition, {
      by: "id",
      after: prefix,
      before: endOfPrefix(prefix),
      limit: tagsPerCommit,
      fresh: true,
    });
    if (page.documents.length === 0) return purged > 0;
    purged += await purgeTags(ports, repository, page.documents as readonly Stored<DeletedTagDocument>[]);
  }
}

/** Beside one event. */
export const tagsPerCommit = limits.commitOperationsMax - 1;

/**
 * Gives up these deleted tags, up to `tagsPerCommit` of them, in one commit with its event; those that are restored meanwhile
 * stay so.
 * @returns how many
 */
export async function purgeTags(
  ports: Ports,
  repository: Repository,
  tags: readonly Stored<DeletedTagDocument>[],
): Promise<number> {
  const event = newEvent(ports, "tag-purge", ports.ids.nonce(), repository);
  const change = new EventedChange(ports.documents, repository.partition, event);
  let there = tags;
  return await untilSettled(async () => {
    if (there.length === 0) return 0;
    const operations = there.map(
      ({ document, etag }): Operation => ({ op: "delete", id: document.id, etag }),
    );
    const facts = {
      tags: [...new Set(there.map(({ document }) => document.tag))],
      usage: { deletedTags: -there.length },
    };
    if (await change.commit(operations, facts)) return there.length;
    const now = await Promise.all(
      there.map(({ document }) => ports.documents.read(repository.partition, document.id, { fresh: true })),
    );
    there = there.filter(({ etag }, index) => now[index]?.etag === etag);
    return undefined;
  });
}
