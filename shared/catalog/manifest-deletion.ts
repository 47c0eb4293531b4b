import type { Digest } from "../domain/digest.ts";
import { limits } from "../domain/limits.ts";
import type { Tag } from "../domain/name.ts";
import type { Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { newEvent, untilSettled } from "./commit.ts";
import { condemnPlace } from "./condemned-places.ts";
import { keepTag } from "./deletion/deleted-tags.ts";
import type { ManifestDocument, ManifestTagDocument } from "./documents.ts";
import { endOfPrefix, ids, ranks } from "./keys.ts";
import { readManifest } from "./manifests.ts";
import type { Repository } from "./repositories.ts";
import { findTag } from "./tags.ts";

/**
 * Reverse entries handled in one commit, beside the manifest, its referrer, its last pull and an event: each goes with its tag, and
 * where it is kept leaves what the tag meant.
 */
const tagsPerCommit = { gone: 45, kept: 30 };
const readsAtOnce = 50;

/**
 * Takes down what relied on a manifest that is marked as deleting: tags, referrer, edges and manifest, as many as fit into one
 * commit. What is to be kept loses tags and referrer only. Does nothing when the manifest is absent or not marked.
 *
 * Every commit but those of edges alone names the manifest by its etag: somebody else may have finished the deletion
 * meanwhile, and the tags that are found then belong to a manifest that was pushed anew.
 */
export async function finishManifestDeletion(
  ports: Ports,
  repository: Repository,
  digest: Digest,
): Promise<void> {
  for (;;) {
    let tries = 0;
    const outcome = await untilSettled(() => takeDown(ports, repository, digest, tries++));
    if (outcome === "done") return;
  }
}

/** One commit of a deletion. @returns undefined: start over */
async function takeDown(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  tries: number,
): Promise<"more tags" | "done" | undefined> {
  const manifest = await readManifest(ports, repository, digest);
  if (manifest?.document.state !== "deleting") return "done";
  const { etag, document } = manifest;
  const { deletedAt } = document;
  const writer = ports.ids.nonce();
  const keptAt = deletedAt === undefined ? undefined : deletedAt + tries;
  const { operations, tags, more } = await tagDeletions(ports, repository, digest, keptAt, writer);
  const events = tagEvents(ports, repository, digest, tags, keptAt);
  const commit = async (all: readonly Operation[]) =>
    (await ports.documents.commit(repository.partition, all)) === "committed";
  if (more) {
    const again: ManifestDocument = { ...document, writer };
    const committed = await commit([{ op: "replace", document: again, etag }, ...operations, ...events]);
    return committed ? "more tags" : undefined;
  }
  operations.push(...(await deletions(ports, repository, referrerIds(document))));
  if (deletedAt !== undefined) {
    const rank = ranks.deletedManifest(deletedAt, digest);
    const kept: ManifestDocument = { ...document, state: "deleted", rank, writer };
    const committed = await commit([...operations, { op: "replace", document: kept, etag }, ...events]);
    return committed ? "done" : undefined;
  }
  operations.push(...(await deletions(ports, repository, [ids.lastPull(digest)])));
  const room = limits.commitOperationsMax - operations.length - events.length - 1;
  const edges = await edgeDeletions(ports, repository, manifest, room);
  if (edges === undefined) return undefined;
  if (document.place !== undefined) await condemnPlace(ports, document.place);
  const last: Operation = { op: "delete", id: document.id, etag };
  return (await commit([...operations, ...edges, last, ...events])) ? "done" : undefined;
}

/**
 * Removes the edges but for the last `room` of them. They have the etags that they had when the manifest was still marked, and whoever
 * pushes it anew writes all of its edges after that: those are never among them.
 * @returns the deletions that are left; undefined: somebody else has finished
 */
async function edgeDeletions(
  ports: Ports,
  repository: Repository,
  { document, etag }: Stored<ManifestDocument>,
  room: number,
): Promise<Operation[] | undefined> {
  const edgeIds = document.children.map((child) => ids.edge(child, document.digest));
  const edges = await deletions(ports, repository, edgeIds);
  if (edges.length <= room) return edges;
  if ((await readManifest(ports, repository, document.digest))?.etag !== etag) return undefined;
  const ahead = edges.slice(room);
  for (let from = 0; from < ahead.length; from += limits.commitOperationsMax) {
    await deleteAll(ports, repository, ahead.slice(from, from + limits.commitOperationsMax));
  }
  return edges.slice(0, room);
}

/** Those that somebody else has deleted, or written anew, stay as they are. */
async function deleteAll(ports: Ports, repository: Repository, edges: readonly Operation[]): Promise<void> {
  const { documents } = ports;
  if ((await documents.commit(repository.partition, edges)) === "committed") return;
  for (const edge of edges) {
    await untilSettled(async () => {
      const alone = await documents.commit(repository.partition, [edge]);
      return alone === "unknown" ? undefined : true;
    });
  }
}

function referrerIds(manifest: ManifestDocument): string[] {
  const { subject, artifactType, digest } = manifest;
  return subject === undefined ? [] : [ids.referrer(subject, artifactType ?? "", digest)];
}

/** Tells of the tags that one commit of a deletion takes. Made anew for each attempt: what it tells of is in the commit, or is not. */
function tagEvents(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  tags: readonly Tag[],
  keptAt: number | undefined,
): Operation[] {
  if (tags.length === 0) return [];
  const document = newEvent(ports, "manifest-untag", ports.ids.nonce(), repository, {
    digest,
    tags,
    usage: { tags: -tags.length, ...(keptAt === undefined ? {} : { deletedTags: tags.length }) },
  });
  return [{ op: "create", document }];
}

/** The deletion of some of the manifest's tags, each with its reverse entry. @param keptAt when it is said that they were deleted */
async function tagDeletions(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  keptAt: number | undefined,
  writer: string,
): Promise<{ operations: Operation[]; tags: Tag[]; more: boolean }> {
  const prefix = ids.manifestTags(digest);
  const page = await ports.documents.list(repository.partition, {
    by: "id",
    after: prefix,
    before: endOfPrefix(prefix),
    limit: keptAt === undefined ? tagsPerCommit.gone : tagsPerCommit.kept,
    fresh: true,
  });
  const operations: Operation[] = [];
  const tags: Tag[] = [];
  for (const stored of page.documents) {
    const { tag, id } = stored.document as ManifestTagDocument;
    const named = await findTag(ports, repository, tag);
    if (named?.document.digest === digest) {
      if (keptAt !== undefined) operations.push(keepTag(tag, digest, keptAt, writer));
      operations.push({ op: "delete", id: named.document.id, etag: named.etag });
      tags.push(tag);
    }
    operations.push({ op: "delete", id, etag: stored.etag });
  }
  return { operations, tags, more: page.more };
}

/** Deletions, by their present etags, of those documents that are there. */
async function deletions(
  ports: Ports,
  repository: Repository,
  candidates: readonly string[],
): Promise<Operation[]> {
  const operations: Operation[] = [];
  for (let from = 0; from < candidates.length; from += readsAtOnce) {
    const batch = candidates.slice(from, from + readsAtOnce);
    const found = await Promise.all(
      batch.map((id) => ports.documents.read(repository.partition, id, { fresh: true })),
    );
    for (const stored of found) {
      if (stored !== undefined) {
        operations.push({ op: "delete", id: stored.document.id, etag: stored.etag });
      }
    }
  }
  return operations;
}
