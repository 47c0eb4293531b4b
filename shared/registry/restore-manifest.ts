import { listInCatalog } from "../catalog/catalog-entries.ts";
import type { ManifestDocument } from "../catalog/documents.ts";
import { commitManifest } from "../catalog/manifest-commit.ts";
import { leaseManifest, readManifest } from "../catalog/manifests.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { ensureRepository, findRepository, type Repository } from "../catalog/repositories.ts";
import { demandMovable, findTag } from "../catalog/tags.ts";
import type { Digest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import { parseManifest } from "../domain/manifest.ts";
import type { RepositoryName, Tag } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";
import { type LeaseChild, leaseChild, leaseChildren, once, type SeenChildren } from "./lease-children.ts";
import { manifestText } from "./read-manifest.ts";
import { findLeft, restoreFromLeft } from "./restore-left.ts";
import { demandPushable } from "./uploads/demand-pushable.ts";

/** How a manifest is to come back. */
export interface Restoration {
  /** A tag that is to mean it, whether or not it ever did. */
  readonly tag?: Tag;
  /** Whether the tag may be taken from another manifest. */
  readonly force: boolean;
}

/**
 * Brings a deleted manifest back, and with it the deleted manifests that it needs; or gives a live one the tag. Where the repository
 * itself was deleted, it is made anew, with this manifest alone.
 * @throws RegistryError MANIFEST_UNKNOWN when there is nothing to restore, MANIFEST_BLOB_UNKNOWN when something that it needs is gone,
 * DENIED when the tag means another manifest (409) or something is locked
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-soft-delete-policy
 */
export async function restoreManifest(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  digest: Digest,
  { tag, force }: Restoration,
): Promise<ManifestDocument> {
  const tags = tag === undefined ? [] : [tag];
  const present = await findRepository(ports, registry, name);
  if (present !== undefined) {
    await demandFree(ports, present, tags, digest, force);
    const restored = await restoreFrom(ports, present, digest, tags, force);
    if (restored !== undefined) return restored;
  }
  const left = await findLeft(ports, registry, name, digest);
  if (left === undefined) throw unknownManifest(name, digest);
  const into = await ensureRepository(ports, registry, name);
  await demandFree(ports, into, tags, digest, force);
  const restored = await restoreFromLeft(ports, left, into, digest, tags, force);
  if (restored === undefined) throw unknownManifest(name, digest);
  return restored;
}

/** Asked before anything that the manifest needs comes back, and of the tags again when the manifest does. */
async function demandFree(
  ports: Ports,
  repository: Repository,
  tags: readonly Tag[],
  digest: Digest,
  force: boolean,
): Promise<void> {
  demandPushable(repository.name, repository.locks);
  for (const tag of tags) {
    const there = await findTag(ports, repository, tag);
    if (there !== undefined) demandMovable(repository, there.document, digest, force);
  }
}

/** @returns undefined when there is nothing to restore */
async function restoreFrom(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  tags: readonly Tag[],
  force: boolean,
  seen: SeenChildren = new Map(),
): Promise<ManifestDocument | undefined> {
  const { document } = (await readManifest(ports, repository, digest)) ?? {};
  if (document === undefined || document.state === "pending") return undefined;
  const purging = document.state === "deleting" && document.deletedAt === undefined;
  if (purging) return undefined;
  const { mediaType, size, content, place } = document;
  const manifest = parseManifest(mediaType, await manifestText(ports, document));
  // A live one has whatever it needs.
  if (document.state !== "live")
    await leaseChildren(ports, repository, manifest, once(restoreChild(seen), seen));
  await listInCatalog(ports, repository, ports.ids.nonce());
  const kept = { digest, manifest, size, content, place };
  try {
    return await commitManifest(ports, repository, kept, tags, { force, anew: false });
  } catch (error) {
    // Purged just now.
    if (error instanceof RegistryError && error.code === "MANIFEST_UNKNOWN") return undefined;
    throw error;
  }
}

function restoreChild(seen: SeenChildren): LeaseChild {
  return async (ports, repository, child) => {
    if (child.kind === "manifest" && !(await leaseManifest(ports, repository, child.digest))) {
      if ((await restoreFrom(ports, repository, child.digest, [], false, seen)) !== undefined) return true;
    }
    return await leaseChild(ports, repository, child);
  };
}

function unknownManifest(name: RepositoryName, digest: Digest): RegistryError {
  return new RegistryError("MANIFEST_UNKNOWN", { detail: { name, reference: digest } });
}
