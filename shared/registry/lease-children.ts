import { leaseLink } from "../catalog/blobs.ts";
import { leaseManifest } from "../catalog/manifests.ts";
import type { Repository } from "../catalog/repositories.ts";
import type { Digest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import type { Child, Manifest } from "../domain/manifest.ts";
import type { Ports } from "../ports/ports.ts";

/** Children looked up at once. */
const readsAtOnce = 32;

/** Makes sure of one child. @returns whether it is there */
export type LeaseChild = (ports: Ports, repository: Repository, child: Child) => Promise<boolean>;

/**
 * Makes sure that everything the manifest needs is in the repository and stays for as long as this request may take.
 * What is missing is an error unless the registry accepts sparse manifests. The subject may always be missing.
 * @throws RegistryError MANIFEST_BLOB_UNKNOWN
 */
export async function leaseChildren(
  ports: Ports,
  repository: Repository,
  manifest: Manifest,
  lease: LeaseChild = leaseChild,
): Promise<void> {
  const missing: Digest[] = [];
  for (let from = 0; from < manifest.children.length; from += readsAtOnce) {
    const batch = manifest.children.slice(from, from + readsAtOnce);
    const present = await Promise.all(batch.map((child) => lease(ports, repository, child)));
    batch.forEach((child, index) => {
      if (child.required && present[index] !== true) missing.push(child.digest);
    });
  }
  if (missing.length > 0 && !repository.registry.policies.sparseManifests) {
    throw new RegistryError("MANIFEST_BLOB_UNKNOWN", { detail: { digests: missing.slice(0, 20) } });
  }
}

/** What one request has made sure of, or is about to, by kind and digest. */
export type SeenChildren = Map<string, Promise<boolean>>;

/** Makes sure of each child once, however many manifests of one request need it: indexes can share theirs at every level. */
export function once(lease: LeaseChild, seen: SeenChildren): LeaseChild {
  return async (ports, repository, child) => {
    const key = `${child.kind} ${child.digest}`;
    const found = seen.get(key) ?? lease(ports, repository, child);
    seen.set(key, found);
    return await found;
  };
}

export const leaseChild: LeaseChild = async (ports, repository, child) => {
  if (child.kind === "manifest" && (await leaseManifest(ports, repository, child.digest))) return true;
  // Older build caches list layers under an index as if they were manifests.
  return (await leaseLink(ports, repository, child.digest)) !== undefined;
};
