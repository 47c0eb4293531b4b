import type { RegistryDocument } from "../../catalog/documents.ts";
import { listDeletedBefore, readLeftGeneration } from "../../catalog/generations.ts";
import { limits } from "../../domain/limits.ts";
import type { RepositoryName } from "../../domain/name.ts";
import type { Ports } from "../../ports/ports.ts";

/** A repository that can be restored. */
export interface DeletedRepository {
  readonly name: RepositoryName;
  readonly generation: string;
  /** ms since 1970 */
  readonly deletedAt: number;
}

/**
 * A page of the repositories that can be restored, the longest deleted first; one that was deleted several times is there several times.
 * A range read, and a read for each.
 * @param after `next` of the page before
 * @returns also where the next page starts; undefined when this is the last one. A page can have fewer than asked for.
 */
export async function listDeletedRepositories(
  ports: Ports,
  registry: RegistryDocument,
  after: string | undefined,
  limit: number,
): Promise<{ repositories: DeletedRepository[]; next: string | undefined }> {
  if (limit === 0) return { repositories: [], next: undefined };
  const readsMax = Math.min(limit, limits.pageReadItemsMax);
  const until = ports.clock.now() + ports.graces.skewSeconds * 1000;
  const listed = await listDeletedBefore(ports, registry.rid, "kept", until, readsMax, after);
  const found = await Promise.all(
    listed.map(async ({ document: { repository, generation } }) => {
      const left = await readLeftGeneration(ports, registry, repository, generation);
      if (left?.document.state !== "kept") return [];
      return [{ name: repository, generation, deletedAt: left.document.deletedAt }];
    }),
  );
  const next = listed.length < readsMax ? undefined : listed.at(-1)?.document.rank;
  return { repositories: found.flat(), next };
}
