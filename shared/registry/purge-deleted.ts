import { purgeTag } from "../catalog/deletion/deleted-tags.ts";
import { purgeManifest } from "../catalog/deletion/remove-manifest.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { findRepository } from "../catalog/repositories.ts";
import type { Digest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import type { RepositoryName, Tag } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * Gives up a deleted manifest now, so that its space comes back.
 * @throws RegistryError MANIFEST_UNKNOWN when there is none
 */
export async function purgeDeletedManifest(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  digest: Digest,
): Promise<void> {
  const repository = await findRepository(ports, registry, name);
  if (repository !== undefined && (await purgeManifest(ports, repository, digest))) return;
  throw new RegistryError("MANIFEST_UNKNOWN", { detail: { name, reference: digest } });
}

/**
 * Gives up whatever the tag meant when it was deleted; what it means now stays.
 * @throws RegistryError TAG_UNKNOWN when there is nothing
 */
export async function purgeDeletedTag(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  tag: Tag,
): Promise<void> {
  const repository = await findRepository(ports, registry, name);
  if (repository !== undefined && (await purgeTag(ports, repository, tag))) return;
  throw new RegistryError("TAG_UNKNOWN", { detail: { name, tag } });
}
