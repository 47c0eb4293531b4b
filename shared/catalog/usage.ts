import type { Ports } from "../ports/ports.ts";
import { readAs } from "./commit.ts";
import type { RegistryUsageDocument, RepositoryFigures, RepositoryUsageDocument } from "./documents.ts";
import { endOfPrefix, ids, partitions } from "./keys.ts";

export const noFigures: RepositoryFigures = {
  manifests: 0,
  manifestBytes: 0,
  tags: 0,
  blobs: 0,
  blobBytes: 0,
  deletedManifests: 0,
  deletedManifestBytes: 0,
  deletedTags: 0,
};

/** What a registry stores, each blob once. Undefined: nothing has been counted yet. One read. */
export async function readRegistryUsage(
  ports: Pick<Ports, "documents">,
  rid: string,
): Promise<RegistryUsageDocument | undefined> {
  const stored = await readAs<RegistryUsageDocument>(
    ports.documents,
    partitions.usage(rid),
    ids.registryUsage,
    "registry-usage",
  );
  return stored?.document;
}

/** Repositories with what they have, in the order of their names, a range read a page. @param last the one to start behind */
export async function listRepositoryUsage(
  ports: Pick<Ports, "documents">,
  rid: string,
  last: RepositoryUsageDocument | undefined,
  limit: number,
): Promise<{ usages: RepositoryUsageDocument[]; more: boolean }> {
  const page = await ports.documents.list(partitions.usage(rid), {
    by: "id",
    after: last?.id ?? ids.repositoryUsages,
    before: endOfPrefix(ids.repositoryUsages),
    limit,
    fresh: true,
  });
  return {
    usages: page.documents.map((stored) => stored.document as RepositoryUsageDocument),
    more: page.more,
  };
}
