import type { DeletedRepositoryDocument } from "../../catalog/collection-documents.ts";
import { listDeletedBefore, readLeftGeneration } from "../../catalog/generations.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
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
 * A page of the repositories that can be restored and seen, the longest deleted first; one that was deleted several times is there several
 * times. A range read, or more where many are not seen, and a read for each that is.
 * @param after `next` of the page before
 * @returns also where the next page starts, which tells of none that is not seen; undefined when this is the last one. A page can have
 * fewer than asked for.
 */
export async function listDeletedRepositories(
  ports: Ports,
  registry: RegistryDocument,
  after: string | undefined,
  limit: number,
  seen: (name: RepositoryName) => boolean,
): Promise<{ repositories: DeletedRepository[]; next: string | undefined }> {
  if (limit === 0) return { repositories: [], next: undefined };
  const wanted = Math.min(limit, limits.pageReadItemsMax);
  const { entries, more } = await listSeen(ports, registry, after, wanted, seen);
  const found = await Promise.all(
    entries.map(async ({ repository, generation }) => {
      const left = await readLeftGeneration(ports, registry, repository, generation);
      if (left?.document.state !== "kept") return [];
      return [{ name: repository, generation, deletedAt: left.document.deletedAt }];
    }),
  );
  return { repositories: found.flat(), next: more ? entries.at(-1)?.rank : undefined };
}

/** As many as are wanted, if there are, of those that are seen. */
async function listSeen(
  ports: Ports,
  { rid }: RegistryDocument,
  after: string | undefined,
  wanted: number,
  seen: (name: RepositoryName) => boolean,
): Promise<{ entries: DeletedRepositoryDocument[]; more: boolean }> {
  const until = ports.clock.now() + ports.graces.skewSeconds * 1000;
  const entries: DeletedRepositoryDocument[] = [];
  let from = after;
  // Usually all are seen, and one read is enough.
  for (let count = wanted; ; count = limits.pageItemsMax) {
    const listed = await listDeletedBefore(ports, rid, "kept", until, count, from);
    entries.push(...listed.map(({ document }) => document).filter(({ repository }) => seen(repository)));
    const isLast = listed.length < count;
    if (isLast || entries.length >= wanted)
      return { entries: entries.slice(0, wanted), more: !isLast || entries.length > wanted };
    from = listed.at(-1)?.document.rank;
  }
}
