import { findLink, holdBlob } from "../catalog/blobs.ts";
import { listInCatalog } from "../catalog/catalog-entries.ts";
import type { ManifestDocument } from "../catalog/documents.ts";
import { listLeftGenerations } from "../catalog/generations.ts";
import { commitManifest } from "../catalog/manifest-commit.ts";
import { readManifest } from "../catalog/manifests.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { inGeneration, type Repository } from "../catalog/repositories.ts";
import type { Digest } from "../domain/digest.ts";
import { limits } from "../domain/limits.ts";
import { parseManifest } from "../domain/manifest.ts";
import type { RepositoryName, Tag } from "../domain/name.ts";
import { samePlace } from "../domain/place.ts";
import type { Ports } from "../ports/ports.ts";
import { type LeaseChild, leaseChild, leaseChildren, once, type SeenChildren } from "./lease-children.ts";
import { manifestText } from "./read-manifest.ts";
import { putBytes } from "./write-manifest.ts";

/** The latest of the generations that the repository has left, and that can be restored, in which the manifest is. */
export async function findLeft(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  digest: Digest,
): Promise<Repository | undefined> {
  const left = await listLeftGenerations(ports, registry, name);
  for (const { document } of left.toReversed()) {
    if (document.state !== "kept") continue;
    const repository = inGeneration(registry, name, document.generation);
    if ((await readWhole(ports, repository, digest)) !== undefined) return repository;
  }
  return undefined;
}

/** The manifest as it was, be it deleted before the rest. */
async function readWhole(
  ports: Ports,
  repository: Repository,
  digest: Digest,
): Promise<ManifestDocument | undefined> {
  const stored = await readManifest(ports, repository, digest);
  const isWhole = stored?.document.state === "live" || stored?.document.deletedAt !== undefined;
  return isWhole ? stored?.document : undefined;
}

/**
 * Writes a manifest of a left generation to the present one, as a push would: its blobs are mounted, and what else it needs comes
 * along. The left generation stays as it is.
 * @returns undefined when it is not there
 * @throws RegistryError MANIFEST_BLOB_UNKNOWN when something that it needs is gone, DENIED as when a manifest is restored
 */
export async function restoreFromLeft(
  ports: Ports,
  left: Repository,
  into: Repository,
  digest: Digest,
  tags: readonly Tag[],
  force: boolean,
  seen: SeenChildren = new Map(),
): Promise<ManifestDocument | undefined> {
  const document = await readWhole(ports, left, digest);
  if (document === undefined) return undefined;
  const text = await manifestText(ports, document);
  const manifest = parseManifest(document.mediaType, text);
  await leaseChildren(ports, into, manifest, once(mountChild(left, seen), seen));
  await listInCatalog(ports, into, ports.ids.nonce());
  const { size } = document;
  const inline = size <= limits.manifestInlineBytesMax;
  // The bytes where they are now go with the left generation.
  const place = inline ? undefined : await putBytes(ports, into, digest, Buffer.from(text));
  const added = { digest, manifest, size, content: inline ? text : undefined, place };
  const written = await commitManifest(ports, into, added, tags, { force, anew: true });
  if (place !== undefined && (written.place === undefined || !samePlace(written.place, place))) {
    // It was there already; if this fails, an orphan is left, which collection finds.
    await ports.blobs.delete(place).catch(() => {});
  }
  return written;
}

function mountChild(left: Repository, seen: SeenChildren): LeaseChild {
  return async (ports, into, child) => {
    if (await leaseChild(ports, into, child)) return true;
    if (child.kind === "manifest") {
      const restored = await restoreFromLeft(ports, left, into, child.digest, [], false, seen);
      if (restored !== undefined) return true;
    }
    if ((await findLink(ports, left, child.digest)) === undefined) return false;
    return (await holdBlob(ports, into, child.digest, undefined, "blob-mount")) !== undefined;
  };
}
