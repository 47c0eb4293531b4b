import type { Digest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { Tag } from "../domain/name.ts";
import type { Place } from "../domain/place.ts";
import type { Operation } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { commitIdempotent, EventedChange, newEvent, newLease, untilSettled } from "./commit.ts";
import {
  type EdgeDocument,
  type EventDocument,
  type ManifestDocument,
  type ReferrerDocument,
  schema,
} from "./documents.ts";
import { ids, ranks } from "./keys.ts";
import { finishManifestDeletion } from "./manifest-deletion.ts";
import { readManifest } from "./manifests.ts";
import type { Repository } from "./repositories.ts";
import { planTags } from "./tags.ts";

/** A manifest to be stored, with its bytes inline or at a place where they already are. */
export interface NewManifest {
  readonly digest: Digest;
  readonly manifest: Manifest;
  readonly size: number;
  readonly content: string | undefined;
  readonly place: Place | undefined;
}

/**
 * The manifest commit: { edges, manifest, referrer, tags with their reverse entries, event }. The manifest's document is always
 * written, so that tags and deletion meet at its etag.
 *
 * Edges that do not fit go into commits before it, behind a document that says `pending`: if the manifest was pushed by a
 * rival and deleted with its edges meanwhile, that document is gone, and the edges are written again.
 *
 * Its children must have been found and leased before.
 * @returns the manifest's document; its place is `added.place` only if these bytes are used
 */
export async function commitManifest(
  ports: Ports,
  repository: Repository,
  added: NewManifest,
  tags: readonly Tag[],
): Promise<ManifestDocument> {
  const writer = ports.ids.nonce();
  const event = newEvent(ports, "manifest-push", writer, repository, {
    digest: added.digest,
    mediaType: added.manifest.mediaType,
    size: added.size,
    tags,
  });
  const change = new EventedChange(ports.documents, repository.partition, event);
  return await untilSettled(async () => {
    const stored = await readManifest(ports, repository, added.digest);
    if (stored?.document.state === "deleting") {
      await finishManifestDeletion(ports, repository, added.digest);
      return undefined;
    }
    const before = stored?.document;
    checkType(before, added);
    const planned = await planTags(ports, repository, added.digest, tags, writer);
    const document = manifestDocument(ports, added, writer, before, "live");
    const own: Operation[] = [
      stored === undefined ? { op: "create", document } : { op: "replace", document, etag: stored.etag },
      ...referrerOperation(added, writer),
      ...planned.operations,
    ];
    const edges = before?.state === "live" ? [] : edgeOperations(ports, added, writer);
    const inside = edges.length + own.length + 1 <= limits.commitOperationsMax;
    if (!inside && before === undefined) {
      const pending = manifestDocument(ports, added, writer, before, "pending");
      await ports.documents.commit(repository.partition, [{ op: "create", document: pending }]);
      return undefined;
    }
    if (!inside) await commitInBatches(ports, repository, edges);
    const operations = inside ? [...edges, ...own] : own;
    const usage = usageOf(added, before?.state !== "live", planned.created);
    return (await change.commit(operations, usage)) ? document : undefined;
  });
}

/** @param isNew whether the manifest becomes live with this commit, @param tags those that are made by it */
function usageOf(added: NewManifest, isNew: boolean, tags: number): Pick<EventDocument, "usage"> {
  if (!isNew && tags === 0) return {};
  return {
    usage: {
      ...(isNew ? { manifests: 1, manifestBytes: added.size } : {}),
      ...(tags > 0 ? { tags } : {}),
    },
  };
}

/** The same bytes under two types could be verified as one thing and run as another. @throws RegistryError MANIFEST_INVALID */
function checkType(before: ManifestDocument | undefined, added: NewManifest): void {
  if (before?.state !== "live" || before.mediaType === added.manifest.mediaType) return;
  throw new RegistryError("MANIFEST_INVALID", {
    message: `this digest is already known as ${before.mediaType}`,
  });
}

function manifestDocument(
  ports: Ports,
  added: NewManifest,
  writer: string,
  before: ManifestDocument | undefined,
  state: "pending" | "live",
): ManifestDocument {
  const now = ports.clock.now();
  const createdAt = before?.createdAt ?? now;
  const { digest, manifest } = added;
  return {
    id: ids.manifest(digest),
    kind: "manifest",
    schema,
    writer,
    rank: state === "live" ? ranks.manifest(createdAt, digest) : ranks.unfinishedManifest(now, digest),
    digest,
    mediaType: manifest.mediaType,
    size: added.size,
    // What is pending may have been left by somebody who has dropped its bytes since.
    ...bytesOf(before?.state === "live" ? before : added),
    children: manifest.children.map((child) => child.digest),
    ...(manifest.subject === undefined ? {} : { subject: manifest.subject }),
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    state,
    leaseUntil: Math.max(before?.leaseUntil ?? 0, newLease(ports)),
    createdAt,
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

function referrerOperation(added: NewManifest, writer: string): Operation[] {
  const { digest, manifest, size } = added;
  if (manifest.subject === undefined) return [];
  const annotations = manifest.annotations;
  const small = JSON.stringify(annotations ?? {}).length <= limits.referrerAnnotationBytesMax;
  const document: ReferrerDocument = {
    id: ids.referrer(manifest.subject, manifest.artifactType ?? "", digest),
    kind: "referrer",
    schema,
    writer,
    subject: manifest.subject,
    digest,
    mediaType: manifest.mediaType,
    size,
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    ...(small && annotations !== undefined ? { annotations } : {}),
    annotationsInManifest: !small,
  };
  return [{ op: "upsert", document }];
}
