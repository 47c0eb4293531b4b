import type { Digest } from "../domain/digest.ts";
import { limits } from "../domain/limits.ts";
import type { Place } from "../domain/place.ts";
import type { Operation } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { commitIdempotent, commitWithEvent, newEvent, untilSettled } from "./commit.ts";
import {
  type CondemnedPlaceDocument,
  type ManifestDocument,
  type ManifestTagDocument,
  schema,
} from "./documents.ts";
import { endOfPrefix, ids, partitions } from "./keys.ts";
import { findManifest, readManifest } from "./manifests.ts";
import type { Repository } from "./repositories.ts";
import { findTag } from "./tags.ts";

/** Reverse entries handled in one commit, each with its tag: 2 operations. */
const tagsPerCommit = 45;
const readsAtOnce = 50;

/**
 * Deletes the manifest and every tag on it. From the first commit on, which marks it as deleting, no reader sees it and no tag
 * can move to it; the rest is done before the answer and can be done again by anybody who meets the mark.
 * @returns false when it was not there
 */
export async function removeManifest(ports: Ports, repository: Repository, digest: Digest): Promise<boolean> {
  const writer = ports.ids.nonce();
  const { rid } = repository.registry;
  const event = newEvent(ports, "manifest-delete", writer, { rid, repository: repository.name, digest });
  const marked = await untilSettled(async () => {
    const stored = await findManifest(ports, repository, digest);
    if (stored === undefined) return "absent";
    const document: ManifestDocument = { ...stored.document, state: "deleting", writer };
    const { mediaType, size } = document;
    const committed = await commitWithEvent(
      ports.documents,
      repository.partition,
      [{ op: "replace", document, etag: stored.etag }],
      { ...event, mediaType, size },
    );
    return committed ? "marked" : undefined;
  });
  await finishManifestDeletion(ports, repository, digest);
  return marked === "marked";
}

/**
 * Takes down what relied on a manifest that is marked as deleting: its tags, then referrer, manifest and edges, as many as fit
 * into one commit, then the rest of the edges. Does nothing when the manifest is absent or not marked.
 */
export async function finishManifestDeletion(
  ports: Ports,
  repository: Repository,
  digest: Digest,
): Promise<void> {
  const rest = await untilSettled(async () => {
    const manifest = await readManifest(ports, repository, digest);
    if (manifest?.document.state !== "deleting") return [];
    await removeTagsOf(ports, repository, digest);
    const { children, place } = manifest.document;
    const referrer = await deletions(ports, repository, referrerIds(manifest.document));
    const edges = await deletions(
      ports,
      repository,
      children.map((child) => ids.edge(child, digest)),
    );
    if (place !== undefined) await condemn(ports, place);
    const operations: Operation[] = [
      ...referrer,
      { op: "delete", id: manifest.document.id, etag: manifest.etag },
      ...edges.slice(0, limits.edgesPerCommitMax),
    ];
    const outcome = await ports.documents.commit(repository.partition, operations);
    return outcome === "committed" ? edges.slice(limits.edgesPerCommitMax) : undefined;
  });
  await removeEdges(ports, repository, rest);
}

/**
 * Removes edges whose manifest is gone. They have the etags from before, and whoever pushes the manifest anew writes all
 * of its edges after that: those are never among them.
 */
async function removeEdges(ports: Ports, repository: Repository, edges: readonly Operation[]): Promise<void> {
  for (let from = 0; from < edges.length; from += limits.edgesPerCommitMax) {
    const batch = edges.slice(from, from + limits.edgesPerCommitMax);
    const outcome = await ports.documents.commit(repository.partition, batch);
    if (outcome === "committed") continue;
    for (const edge of batch) await ports.documents.commit(repository.partition, [edge]);
  }
}

function referrerIds(manifest: ManifestDocument): string[] {
  const { subject, artifactType, digest } = manifest;
  return subject === undefined ? [] : [ids.referrer(subject, artifactType ?? "", digest)];
}

async function removeTagsOf(ports: Ports, repository: Repository, digest: Digest): Promise<void> {
  const prefix = ids.manifestTags(digest);
  for (;;) {
    const page = await ports.documents.list(repository.partition, {
      by: "id",
      after: prefix,
      before: endOfPrefix(prefix),
      limit: tagsPerCommit,
      fresh: true,
    });
    if (page.documents.length === 0) return;
    const operations: Operation[] = [];
    for (const stored of page.documents) {
      const { tag, id } = stored.document as ManifestTagDocument;
      const named = await findTag(ports, repository, tag);
      if (named?.document.digest === digest) {
        operations.push({ op: "delete", id: named.document.id, etag: named.etag });
      }
      operations.push({ op: "delete", id, etag: stored.etag });
    }
    // A conflict means that a tag moved on, or that another finisher was here: list again.
    await ports.documents.commit(repository.partition, operations);
  }
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

/** Has the bytes deleted once the last request that may still read them is over. */
async function condemn(ports: Ports, place: Place): Promise<void> {
  const deleteAfter = ports.clock.now() + limits.requestSecondsMax * 1000;
  const document: CondemnedPlaceDocument = {
    id: ids.place(place),
    kind: "condemned-place",
    schema,
    writer: ports.ids.nonce(),
    place,
    deleteAfter,
  };
  const day = new Date(deleteAfter).toISOString().slice(0, 10);
  await commitIdempotent(ports.documents, partitions.condemned(place.account, day), [
    { op: "upsert", document },
  ]);
}
