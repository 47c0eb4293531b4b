import { removeManifest } from "../catalog/deletion/remove-manifest.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { findRepository } from "../catalog/repositories.ts";
import { removeTag } from "../catalog/tags.ts";
import { RegistryError } from "../domain/errors.ts";
import type { Reference, RepositoryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * By digest, deletes a manifest and every tag on it; by tag, the tag alone.
 * @throws RegistryError MANIFEST_UNKNOWN
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#deleting-manifests
 */
export async function deleteManifest(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  reference: Reference,
): Promise<void> {
  const repository = await findRepository(ports, registry, name);
  const removed =
    repository !== undefined &&
    (reference.kind === "digest"
      ? await removeManifest(ports, repository, reference.digest)
      : await removeTag(ports, repository, reference.tag));
  if (!removed) {
    const wanted = reference.kind === "digest" ? reference.digest : reference.tag;
    throw new RegistryError("MANIFEST_UNKNOWN", { detail: { name, reference: wanted } });
  }
}
