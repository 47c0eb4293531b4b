import { leaveGeneration } from "../catalog/generations.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { RegistryError } from "../domain/errors.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * Deletes the repository with all that is in it, at the same cost however much that is. Takes the seconds for which readers may
 * remember the repository.
 * @throws RegistryError NAME_UNKNOWN, or UNSUPPORTED when the repository is locked
 * @see https://learn.microsoft.com/rest/api/containerregistry/container-registry/delete-repository
 */
export async function deleteRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<void> {
  if (!(await leaveGeneration(ports, registry, name))) {
    throw new RegistryError("NAME_UNKNOWN", { detail: { name } });
  }
}
