import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { findRepository } from "../catalog/repositories.ts";
import { removeTag } from "../catalog/tags.ts";
import { RegistryError } from "../domain/errors.ts";
import type { RepositoryName, Tag } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * Deletes the tag alone; its manifest stays.
 * @throws RegistryError NAME_UNKNOWN, TAG_UNKNOWN, or UNSUPPORTED when it is locked
 * @see https://learn.microsoft.com/rest/api/containerregistry/tag/delete
 */
export async function deleteTag(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  tag: Tag,
): Promise<void> {
  const repository = await findRepository(ports, registry, name);
  if (repository === undefined) throw new RegistryError("NAME_UNKNOWN", { detail: { name } });
  if (!(await removeTag(ports, repository, tag)))
    throw new RegistryError("TAG_UNKNOWN", { detail: { name, tag } });
}
