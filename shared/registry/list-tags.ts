import type { Repository } from "../catalog/repositories.ts";
import { listTags as listCatalogTags } from "../catalog/tags.ts";
import { RegistryError } from "../domain/errors.ts";
import type { RepositoryName, Tag } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * A page of tags after `last`, in ASCII order.
 * @throws RegistryError NAME_UNKNOWN
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
 */
export async function listTags(
  ports: Ports,
  repository: Repository | undefined,
  name: RepositoryName,
  last: string | undefined,
  limit: number,
): Promise<{ tags: Tag[]; more: boolean }> {
  if (repository === undefined) throw new RegistryError("NAME_UNKNOWN", { detail: { name } });
  return limit === 0 ? { tags: [], more: false } : await listCatalogTags(ports, repository, last, limit);
}
