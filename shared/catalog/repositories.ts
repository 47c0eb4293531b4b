import type { RepositoryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";
import { readAs, untilSettled } from "./commit.ts";
import {
  type CatalogEntryDocument,
  type Lock,
  type RegistryDocument,
  type RepositoryDocument,
  schema,
} from "./documents.ts";
import { ids, partitions } from "./keys.ts";

/** A repository in its present generation. */
export interface Repository {
  readonly registry: RegistryDocument;
  readonly name: RepositoryName;
  readonly generation: string;
  readonly locks?: readonly Lock[];
  /** Where its manifests, tags, links, edges and referrers are. */
  readonly partition: string;
}

/** The repository, or undefined when nothing was ever written to it. One read. */
export async function findRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<Repository | undefined> {
  const header = await readAs<RepositoryDocument>(
    ports.documents,
    partitions.repository(registry.rid, name),
    ids.repository,
    "repository",
  );
  if (header === undefined) return undefined;
  const { generation, locks } = header.document;
  const partition = partitions.content(registry.rid, name, generation);
  return { registry, name, generation, ...(locks === undefined ? {} : { locks }), partition };
}

/** The repository, made by its first write. Its catalog entry comes first, so that whatever exists can be enumerated. */
export async function ensureRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<Repository> {
  const writer = ports.ids.nonce();
  return await untilSettled(async () => {
    const found = await findRepository(ports, registry, name);
    if (found !== undefined) return found;
    const entered = await ports.documents.commit(partitions.catalog(registry.rid), [
      { op: "create", document: newEntry(ports, name, writer) },
    ]);
    if (entered === "unknown") return undefined;
    const header: RepositoryDocument = {
      id: ids.repository,
      kind: "repository",
      schema,
      writer,
      name,
      generation: ports.ids.ulid(),
      state: "live",
      createdAt: ports.clock.now(),
    };
    await ports.documents.commit(partitions.repository(registry.rid, name), [
      { op: "create", document: header },
    ]);
    // Whoever made it: read what there is now.
    return await findRepository(ports, registry, name);
  });
}

/** Lists the repository in the catalog: its first manifest is about to be there. One read when it is listed already. */
export async function listInCatalog(ports: Ports, repository: Repository, writer: string): Promise<void> {
  const partition = partitions.catalog(repository.registry.rid);
  const id = ids.catalogEntry(repository.name);
  await untilSettled(async () => {
    const entry = await readAs<CatalogEntryDocument>(ports.documents, partition, id, "catalog-entry");
    if (entry?.document.rank !== undefined) return true;
    const outcome = await ports.documents.commit(partition, [
      entry === undefined
        ? { op: "create", document: { ...newEntry(ports, repository.name, writer), rank: id } }
        : { op: "replace", document: { ...entry.document, rank: id, writer }, etag: entry.etag },
    ]);
    return outcome === "committed" ? true : undefined;
  });
}

function newEntry(ports: Ports, repository: RepositoryName, writer: string): CatalogEntryDocument {
  return {
    id: ids.catalogEntry(repository),
    kind: "catalog-entry",
    schema,
    writer,
    repository,
    createdAt: ports.clock.now(),
  };
}

/** The names of the repositories that have had a manifest, after `last`, in the order of their bytes. */
export async function listRepositories(
  ports: Ports,
  registry: RegistryDocument,
  last: string | undefined,
  limit: number,
): Promise<{ names: RepositoryName[]; more: boolean }> {
  const page = await ports.documents.list(partitions.catalog(registry.rid), {
    by: "rank",
    ...(last === undefined ? {} : { after: ids.catalogEntry(last as RepositoryName) }),
    limit,
    fresh: true,
  });
  return {
    names: page.documents.map((stored) => (stored.document as CatalogEntryDocument).repository),
    more: page.more,
  };
}
