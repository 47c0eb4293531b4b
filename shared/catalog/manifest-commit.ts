import type { Digest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { Tag } from "../domain/name.ts";
import type { Place } from "../domain/place.ts";
import type { Operation } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { commitIdempotent, EventedChange, newEvent, newLease, untilSettled } from "./commit.ts";
import { purgeManifest } from "./deletion/remove-manifest.ts";
import {
  type EdgeDocument,
  type EventDocument,
  type ManifestDocument,
  type RepositoryFigures,
  schema,
} from "./documents.ts";
import { ids, ranks } from "./keys.ts";
import { referrerOperation } from "./lists/referrers.ts";
import { demandUnlocked } from "./locks/locks.ts";
import { finishManifestDeletion } from "./manifest-deletion.ts";
import { readManifest } from "./manifests.ts";
import type { Repository } from "./repositories.ts";
import { planTags, type TagPlan } from "./tags.ts";

/** Bytes of a commit that are left for its edges and its event. */
const reservedBytes = 100_000;

/** A manifest to be stored, with its bytes inline or at a place where they already are. */
export interface NewManifest {
  readonly digest: Digest;
  readonly manifest: Manifest;
  readonly size: number;
  readonly content: string | undefined;
  readonly place: Place | undefined;
}

/** How a manifest comes back. */
export interface Restoring {
  /** Whether its tags may be taken from others. */
  readonly force: boolean;
  /** Whether it comes with its bytes from elsewhere; otherwise it must be there, deleted or live. */
  readonly anew: boolean;
}

/**
 * The manifest commit: { edges, manifest, referrer, tags with their reverse entries, manifests that tags leave, event }. The
 * manifest's document is always written, so that tags and deletion meet at its etag.
 *
 * Edges that do not fit go into commits before it, behind a document that says `pending`: if the manifest was pushed by a
 * rival and deleted with its edges meanwhile, that document is gone, and the edges are written again. What is deleted and not yet
 * purged has its edges still, as long as it has the etag that was read.
 *
 * Its children must have been found and leased before.
 * @param restoring absent: it is pushed
 * @returns the manifest's document; its place is `added.place` only if these bytes are used
 * @throws RegistryError DENIED, MANIFEST_INVALID, and MANIFEST_UNKNOWN when there is nothing to restore
 */
export async function commitManifest(
  ports: Ports,
  repository: Repository,
  added: NewManifest,
  tags: readonly Tag[],
  restoring?: Restoring,
): Promise<ManifestDocument> {
  const { digest, size } = added;
  const { mediaType } = added.manifest;
  const writer = ports.ids.nonce();
  const action = restoring === undefined ? "manifest-push" : "manifest-restore";
  const event = newEvent(ports, action, writer, repository, { digest, mediaType, size, tags });
  const change = new EventedChange(ports.documents, repository.partition, event);
  let attempted: ManifestDocument | undefined;
  let tries = 0;
  return await untilSettled(async () => {
    const stored = await readManifest(ports, repository, digest);
    const before = stored?.document;
    if (attempted !== undefined && (await change.isCommitted())) return before ?? attempted;
    if (!(await isReady(ports, repository, before, added, restoring !== undefined && !restoring.anew)))
      return undefined;
    const tagChange = { digest, tags, writer, tries: tries++, ...(restoring && { restoring }) };
    const planned = await planTags(ports, repository, tagChange);
    const isLive = before?.state === "live";
    if (restoring !== undefined && isLive && planned.operations.length === 0) return before;
    const document = manifestDocument(
      ports,
      added,
      writer,
      before,
      carriedOf(ports, before, restoring && tags),
    );
    const main: Operation[] = [
      stored === undefined ? { op: "create", document } : { op: "replace", document, etag: stored.etag },
      ...referrerOperation(added, writer),
      ...planned.operations,
    ];
    const left = await leaveBefore(ports, repository, main, planned.left);
    if (left === undefined) return undefined;
    const own = [...main, ...left];
    const edges = isLive || before?.state === "deleted" ? [] : edgeOperations(ports, added, writer);
    const inside = edges.length + own.length + 1 <= limits.commitOperationsMax;
    if (!inside && before === undefined) {
      const pending = manifestDocument(ports, added, writer, before, {
        state: "pending",
        createdAt: ports.clock.now(),
      });
      await ports.documents.commit(repository.partition, [{ op: "create", document: pending }]);
      return undefined;
    }
    if (!inside) await commitInBatches(ports, repository, edges);
    const operations = inside ? [...edges, ...own] : own;
    attempted = document;
    return (await change.commit(operations, usageOf(added, before, planned))) ? document : undefined;
  });
}

/**
 * Whether the manifest can be written over what is there; if not, something was done about it.
 * @throws RegistryError DENIED when it is locked, MANIFEST_INVALID when its bytes are known as another type: they could be verified as
 * one thing and run as another; MANIFEST_UNKNOWN when there is nothing to restore
 */
async function isReady(
  ports: Ports,
  repository: Repository,
  before: ManifestDocument | undefined,
  { digest, manifest }: NewManifest,
  mustBeThere: boolean,
): Promise<boolean> {
  if (before?.state === "deleting") {
    await finishManifestDeletion(ports, repository, digest);
    return false;
  }
  const sameType = before?.mediaType === manifest.mediaType;
  if (before?.state === "live") {
    demandUnlocked("write", `the manifest ${digest}`, before.locks);
    if (sameType) return true;
    const message = `this digest is already known as ${before.mediaType}`;
    throw new RegistryError("MANIFEST_INVALID", { message });
  }
  if (mustBeThere && !(before?.state === "deleted" && sameType)) {
    throw new RegistryError("MANIFEST_UNKNOWN", { detail: { name: repository.name, reference: digest } });
  }
  if (before?.state !== "deleted" || sameType) return true;
  // Its edges are those of the other type.
  await purgeManifest(ports, repository, digest);
  return false;
}

function usageOf(
  { size }: NewManifest,
  before: ManifestDocument | undefined,
  { tags, deletedTags }: TagPlan,
): Pick<EventDocument, "usage"> {
  const usage: Partial<RepositoryFigures> = {
    ...(before?.state === "live" ? {} : { manifests: 1, manifestBytes: size }),
    ...(before?.state === "deleted" ? { deletedManifests: -1, deletedManifestBytes: -size } : {}),
    ...(tags === 0 ? {} : { tags }),
    ...(deletedTags === 0 ? {} : { deletedTags }),
  };
  return Object.keys(usage).length === 0 ? {} : { usage };
}

/**
 * The manifests that tags leave can be too large for one commit together: those for which there is no room are told before.
 * @returns the others; undefined: start over
 */
async function leaveBefore(
  ports: Ports,
  repository: Repository,
  main: readonly Operation[],
  left: readonly Operation[],
): Promise<readonly Operation[] | undefined> {
  if (left.length === 0) return left;
  let room = limits.commitBytesMax - reservedBytes - bytesIn(main);
  const inside: Operation[] = [];
  for (const operation of left) {
    const bytes = bytesIn([operation]);
    if (bytes <= room) {
      room -= bytes;
      inside.push(operation);
    } else if ((await ports.documents.commit(repository.partition, [operation])) !== "committed") {
      return undefined;
    }
  }
  return inside;
}

function bytesIn(operations: readonly Operation[]): number {
  return operations.reduce((sum, one) => sum + Buffer.byteLength(JSON.stringify(one)), 0);
}

type Carried = Pick<ManifestDocument, "state" | "locks" | "tagLeftAt" | "createdAt">;

/** What the live document has from the one before. @param restored the tags with which it is restored; absent: it is pushed */
function carriedOf(
  ports: Ports,
  before: ManifestDocument | undefined,
  restored: readonly Tag[] | undefined,
): Carried {
  const now = ports.clock.now();
  const createdAt = before?.createdAt ?? now;
  if (restored === undefined && before?.state !== "live") {
    return { state: "live", createdAt: before?.state === "deleted" ? now : createdAt };
  }
  // Restored without a tag, it is not to go at once with what has had none for long.
  const tagLeftAt = restored?.length === 0 ? now : before?.tagLeftAt;
  const locks = before?.locks;
  return {
    state: "live",
    ...(locks === undefined ? {} : { locks }),
    ...(tagLeftAt === undefined ? {} : { tagLeftAt }),
    createdAt,
  };
}

function manifestDocument(
  ports: Ports,
  added: NewManifest,
  writer: string,
  before: ManifestDocument | undefined,
  carried: Carried,
): ManifestDocument {
  const now = ports.clock.now();
  const { digest, manifest } = added;
  const { createdAt } = carried;
  const isLive = carried.state === "live";
  return {
    id: ids.manifest(digest),
    kind: "manifest",
    schema,
    writer,
    rank: isLive ? ranks.manifest(createdAt, digest) : ranks.unfinishedManifest(now, digest),
    digest,
    mediaType: manifest.mediaType,
    size: added.size,
    // What is pending may have been left by somebody who has dropped its bytes since.
    ...bytesOf(before === undefined || before.state === "pending" ? added : before),
    children: manifest.children.map((child) => child.digest),
    ...(manifest.subject === undefined ? {} : { subject: manifest.subject }),
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    ...carried,
    leaseUntil: Math.max(before?.leaseUntil ?? 0, newLease(ports)),
    updatedAt: now,
  };
}

function bytesOf(source: { content?: string | undefined; place?: Place | undefined }) {
  if (source.content !== undefined) return { content: source.content };
  return source.place === undefined ? {} : { place: source.place };
}

function edgeOperations(ports: Ports, added: NewManifest, writer: string): Operation[] {
  const createdAt = ports.clock.now();
  return added.manifest.children.map((child) => {
    const document: EdgeDocument = {
      id: ids.edge(child.digest, added.digest),
      kind: "edge",
      schema,
      writer,
      child: child.digest,
      childKind: child.kind,
      manifest: added.digest,
      createdAt,
    };
    return { op: "upsert", document };
  });
}

async function commitInBatches(
  ports: Ports,
  repository: Repository,
  operations: readonly Operation[],
): Promise<void> {
  for (let from = 0; from < operations.length; from += limits.edgesPerCommitMax) {
    const batch = operations.slice(from, from + limits.edgesPerCommitMax);
    await commitIdempotent(ports.documents, repository.partition, batch);
  }
}
