import { unlinkOperations } from "../../catalog/blobs.ts";
import type { UnlinkedDocument } from "../../catalog/collection-documents.ts";
import { EventedChange, newEvent } from "../../catalog/commit.ts";
import { purgeExpired } from "../../catalog/deletion/deleted-manifests.ts";
import type { LinkDocument, ManifestDocument } from "../../catalog/documents.ts";
import { endOfPrefix, ids, ranks } from "../../catalog/keys.ts";
import { finishManifestDeletion } from "../../catalog/manifest-deletion.ts";
import type { Repository } from "../../catalog/repositories.ts";
import { limits } from "../../domain/limits.ts";
import type { Operation, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { releaseBlobs } from "./release-blobs.ts";
import { readLinks } from "./unneeded-links.ts";

/** Links taken in one commit, each with its note, beside the event. */
const linksPerCommit = 45;

/** What a sweep did. Bytes are of blobs that nobody holds any more. */
export interface Sweep {
  links: number;
  condemned: number;
  condemnedBytes: number;
  /** When there is something to do again, in ms since 1970. */
  next: number | undefined;
  /** Where it stopped at its limit. */
  after: string | undefined;
}

/**
 * Takes from a repository what nothing points at: manifests that were left half-way are brought to an end, then links without edges
 * go, then the holders of links that are gone. All of it by the etags that were read before it was found that nothing points at it.
 * @param after the link behind which an earlier sweep stopped
 */
export async function sweepRepository(
  ports: Ports,
  repository: Repository,
  after: string | undefined,
): Promise<Sweep> {
  const sweep: Sweep = { links: 0, condemned: 0, condemnedBytes: 0, next: undefined, after };
  await finishManifests(ports, repository, sweep);
  await expire(ports, repository, sweep);
  for (let seen = 0; seen < limits.sweepLinksMax; seen += limits.sweepPageItemsMax) {
    const page = await readLinks(ports, repository, sweep.after);
    for (const { leaseUntil } of page.leased) wait(sweep, leaseUntil + ports.graces.skewSeconds * 1000);
    sweep.links += await takeLinks(ports, repository, page.unneeded);
    sweep.after = page.after;
    if (page.after === undefined) break;
  }
  await takeHolders(ports, repository, false, sweep);
  return sweep;
}

function wait(sweep: Sweep, until: number): void {
  sweep.next = Math.min(sweep.next ?? until, until);
}

/** What was deleted longer ago than it is kept. When soft delete is off, what was kept before is kept to its end. */
async function expire(ports: Ports, repository: Repository, sweep: Sweep): Promise<void> {
  const { softDelete } = repository.registry.policies;
  if (softDelete === undefined) return;
  const keptMillis = softDelete.days * 24 * 3600 * 1000;
  const before = ports.clock.now() - keptMillis;
  const { next } = await purgeExpired(ports, repository, before, limits.pageItemsMax);
  if (next !== undefined) wait(sweep, next + keptMillis + 1);
}

/** Manifests between two states: a deletion that was cut short, or a push that ended between its commits. */
async function finishManifests(ports: Ports, repository: Repository, sweep: Sweep): Promise<void> {
  const { requestSeconds, skewSeconds } = ports.graces;
  const page = await ports.documents.list(repository.partition, {
    by: "rank",
    after: ranks.unfinished,
    before: endOfPrefix(ranks.unfinished),
    limit: limits.pageItemsMax,
    fresh: true,
  });
  for (const { document, etag } of page.documents as Stored<ManifestDocument>[]) {
    if (document.state === "pending") {
      const over = document.updatedAt + (requestSeconds + skewSeconds) * 1000;
      if (ports.clock.now() < over) {
        wait(sweep, over);
        continue;
      }
      const deleting: ManifestDocument = { ...document, state: "deleting", writer: ports.ids.nonce() };
      await ports.documents.commit(repository.partition, [{ op: "replace", document: deleting, etag }]);
    }
    await finishManifestDeletion(ports, repository, document.digest);
  }
  if (page.more) wait(sweep, ports.clock.now());
}

/** @returns how many were taken; those that somebody else wrote meanwhile stay */
async function takeLinks(
  ports: Ports,
  repository: Repository,
  links: readonly Stored<LinkDocument>[],
): Promise<number> {
  let taken = 0;
  for (let from = 0; from < links.length; from += linksPerCommit) {
    const batch = links.slice(from, from + linksPerCommit);
    if (await takeTogether(ports, repository, batch)) {
      taken += batch.length;
      continue;
    }
    for (const link of batch) if (await takeTogether(ports, repository, [link])) taken += 1;
  }
  return taken;
}

async function takeTogether(
  ports: Ports,
  repository: Repository,
  links: readonly Stored<LinkDocument>[],
): Promise<boolean> {
  const event = newEvent(ports, "blob-collect", ports.ids.nonce(), repository);
  const change = new EventedChange(ports.documents, repository.partition, event);
  const size = links.reduce((sum, { document }) => sum + document.size, 0);
  const operations = links.flatMap((link) => unlinkOperations(ports, link));
  return await change.commit(operations, { size, usage: { blobs: -links.length, blobBytes: -size } });
}

/** Takes the holders of links that are gone, and then the notes that told of them. */
export async function takeHolders(
  ports: Ports,
  repository: Repository,
  left: boolean,
  sweep: Pick<Sweep, "condemned" | "condemnedBytes" | "next">,
): Promise<void> {
  for (let after: string | undefined = ids.allUnlinked; after !== undefined; ) {
    const page = await ports.documents.list(repository.partition, {
      by: "id",
      after,
      before: endOfPrefix(ids.allUnlinked),
      limit: limits.sweepPageItemsMax,
      fresh: true,
    });
    const notes = page.documents as Stored<UnlinkedDocument>[];
    const digests = notes.map(({ document }) => document.digest);
    const { settled, condemned, next } = await releaseBlobs(ports, repository, digests, left);
    sweep.condemned += condemned.length;
    sweep.condemnedBytes += condemned.reduce((sum, { size }) => sum + size, 0);
    if (next !== undefined) sweep.next = Math.min(sweep.next ?? next, next);
    const done = new Set(settled);
    await deleteAll(
      ports,
      repository.partition,
      notes.filter(({ document }) => done.has(document.digest)),
    );
    after = page.more ? notes.at(-1)?.document.id : undefined;
  }
}

/** Deletes documents by their etags; one that somebody wrote meanwhile stays. */
export async function deleteAll(
  ports: Ports,
  partition: string,
  documents: readonly Stored[],
): Promise<void> {
  for (let from = 0; from < documents.length; from += limits.commitOperationsMax) {
    const batch = documents
      .slice(from, from + limits.commitOperationsMax)
      .map(({ document, etag }): Operation => ({ op: "delete", id: document.id, etag }));
    const outcome = await ports.documents.commit(partition, batch);
    if (outcome === "committed") continue;
    for (const operation of batch) await ports.documents.commit(partition, [operation]);
  }
}
