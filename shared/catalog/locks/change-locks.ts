import type { Digest } from "../../domain/digest.ts";
import type { RepositoryName, Tag } from "../../domain/name.ts";
import type { Ports } from "../../ports/ports.ts";
import { setUnlisted } from "../catalog-entries.ts";
import { untilSettled } from "../commit.ts";
import type { Lock, ManifestDocument, RepositoryDocument, TagDocument } from "../documents.ts";
import { partitions } from "../keys.ts";
import { findManifest } from "../manifests.ts";
import type { RegistryDocument } from "../registry-documents.ts";
import { type Repository, readHeader } from "../repositories.ts";
import { findTag, reverseEntry } from "../tags.ts";
import { isUnlisted } from "./locks.ts";

/** Which locks to set (true) and to lift (false); the others stay. */
export type LockChanges = Readonly<Partial<Record<Lock, boolean>>>;

const allLocks: readonly Lock[] = ["delete", "write", "list", "read"];

interface Lockable {
  readonly locks?: readonly Lock[];
}

// None of these needs an event: each sets what it was asked for, by the etag of what it read, however often it is tried.

/** @returns the repository's document; undefined when there is no repository */
export async function changeRepositoryLocks(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  changes: LockChanges,
): Promise<RepositoryDocument | undefined> {
  const changed = await untilSettled(async () => {
    const header = await readHeader(ports, registry, name);
    if (header?.document.state !== "live") return "absent";
    if (isAsWanted(header.document, changes)) return header.document;
    const document = { ...withLocks(header.document, changes), writer: ports.ids.nonce() };
    const outcome = await ports.documents.commit(partitions.repository(registry.rid, name), [
      { op: "replace", document, etag: header.etag },
    ]);
    return outcome === "committed" ? document : undefined;
  });
  if (changed === "absent") return undefined;
  // Even when nothing has changed: the change before may have ended here.
  if (changes.list !== undefined) await setUnlisted(ports, { registry, name }, isUnlisted(changed.locks));
  return changed;
}

/**
 * Commits { tag, its reverse entry, its manifest } by their etags: a deletion of the manifest, and a move of the tag, see the locks
 * or fail.
 * @returns the tag's document; undefined when there is no such tag, or its manifest is on its way out
 */
export async function changeTagLocks(
  ports: Ports,
  repository: Repository,
  tag: Tag,
  changes: LockChanges,
): Promise<TagDocument | undefined> {
  const changed = await untilSettled(async () => {
    const stored = await findTag(ports, repository, tag);
    if (stored === undefined) return "absent";
    const manifest = await findManifest(ports, repository, stored.document.digest);
    if (manifest === undefined) {
      const again = await findTag(ports, repository, tag);
      return again?.etag === stored.etag ? "absent" : undefined;
    }
    if (isAsWanted(stored.document, changes)) return stored.document;
    const writer = ports.ids.nonce();
    const document = { ...withLocks(stored.document, changes), writer };
    const outcome = await ports.documents.commit(repository.partition, [
      { op: "replace", document: { ...manifest.document, writer }, etag: manifest.etag },
      { op: "replace", document, etag: stored.etag },
      { op: "upsert", document: reverseEntry(document.digest, tag, document.locks, writer) },
    ]);
    return outcome === "committed" ? document : undefined;
  });
  return changed === "absent" ? undefined : changed;
}

/** @returns the manifest's document; undefined when there is no such manifest */
export async function changeManifestLocks(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  changes: LockChanges,
): Promise<ManifestDocument | undefined> {
  const changed = await untilSettled(async () => {
    const stored = await findManifest(ports, repository, digest);
    if (stored === undefined) return "absent";
    if (isAsWanted(stored.document, changes)) return stored.document;
    const document = { ...withLocks(stored.document, changes), writer: ports.ids.nonce() };
    const outcome = await ports.documents.commit(repository.partition, [
      { op: "replace", document, etag: stored.etag },
    ]);
    return outcome === "committed" ? document : undefined;
  });
  return changed === "absent" ? undefined : changed;
}

function isAsWanted({ locks }: Lockable, changes: LockChanges): boolean {
  return allLocks.every(
    (lock) => changes[lock] === undefined || changes[lock] === (locks?.includes(lock) ?? false),
  );
}

function withLocks<D extends Lockable>(document: D, changes: LockChanges): D {
  const locks = allLocks.filter((lock) => changes[lock] ?? document.locks?.includes(lock) === true);
  const changed = { ...document, locks };
  if (locks.length === 0) delete (changed as { locks?: readonly Lock[] }).locks;
  return changed;
}
