import type { RepositoryName } from "../domain/name.ts";
import type { Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { readAs, untilSettled } from "./commit.ts";
import { type CatalogEntryDocument, schema } from "./documents.ts";
import { ids, partitions } from "./keys.ts";
import type { RegistryDocument } from "./registry-documents.ts";

/** Which repository of which registry. */
interface Named {
  readonly registry: { readonly rid: string };
  readonly name: RepositoryName;
}

/**
 * Enters the repository in the catalog before it comes into being, so that whatever exists can be enumerated. An entry that is there
 * is written again, so that nobody can take it away for what was there before.
 * @returns false when somebody else was faster, or the reply was lost
 */
export async function enterInCatalog(ports: Ports, { registry, name }: Named): Promise<boolean> {
  const entry = await readEntry(ports, registry.rid, name);
  const writer = ports.ids.nonce();
  // What is made anew has no locks yet.
  const { unlisted: _, ...present } = entry?.document ?? newEntry(ports, name, writer);
  const document: CatalogEntryDocument = { ...present, writer };
  const outcome = await ports.documents.commit(partitions.catalog(registry.rid), [
    entry === undefined ? { op: "create", document } : { op: "replace", document, etag: entry.etag },
  ]);
  return outcome === "committed";
}

/** Lists the repository, unless its locks forbid that: its first manifest is about to be there. One read when it is listed already. */
export async function listInCatalog(ports: Ports, { registry, name }: Named, writer: string): Promise<void> {
  const id = ids.catalogEntry(name);
  await untilSettled(async () => {
    const entry = await readEntry(ports, registry.rid, name);
    if (entry?.document.rank !== undefined || entry?.document.unlisted === true) return true;
    const outcome = await ports.documents.commit(partitions.catalog(registry.rid), [
      entry === undefined
        ? { op: "create", document: { ...newEntry(ports, name, writer), rank: id } }
        : { op: "replace", document: { ...entry.document, rank: id, writer }, etag: entry.etag },
    ]);
    return outcome === "committed" ? true : undefined;
  });
}

/**
 * Takes the repository off the list while `holds`, which is asked after the entry was read: whoever lists it again later has
 * written the entry anew.
 */
export async function unlistInCatalog(
  ports: Ports,
  { registry, name }: Named,
  holds: () => Promise<boolean>,
): Promise<void> {
  await untilSettled(async () => {
    const entry = await readEntry(ports, registry.rid, name);
    if (entry?.document.rank === undefined || !(await holds())) return true;
    const { rank: _, ...unlisted } = entry.document;
    const outcome = await ports.documents.commit(partitions.catalog(registry.rid), [
      { op: "replace", document: { ...unlisted, writer: ports.ids.nonce() }, etag: entry.etag },
    ]);
    return outcome === "committed" ? true : undefined;
  });
}

/** Keeps the repository off the list for as long as its locks say so, or lists it again. */
export async function setUnlisted(ports: Ports, { registry, name }: Named, unlisted: boolean): Promise<void> {
  await untilSettled(async () => {
    const entry = await readEntry(ports, registry.rid, name);
    if (entry === undefined || (entry.document.unlisted === true) === unlisted) return true;
    const { rank: _, unlisted: __, ...rest } = entry.document;
    const document: CatalogEntryDocument = {
      ...rest,
      ...(unlisted ? { unlisted } : { rank: rest.id }),
      writer: ports.ids.nonce(),
    };
    const outcome = await ports.documents.commit(partitions.catalog(registry.rid), [
      { op: "replace", document, etag: entry.etag },
    ]);
    return outcome === "committed" ? true : undefined;
  });
}

export async function readEntry(
  ports: Ports,
  rid: string,
  repository: RepositoryName,
): Promise<Stored<CatalogEntryDocument> | undefined> {
  const id = ids.catalogEntry(repository);
  return await readAs<CatalogEntryDocument>(ports.documents, partitions.catalog(rid), id, "catalog-entry");
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

/**
 * The names of the repositories after `last`, in the order of their bytes: those that have had a manifest, or (`all`) whatever exists
 * or once did and is not yet gone.
 * @param range `prefix` ends with a slash: only names that begin with it
 */
export async function listRepositories(
  ports: Ports,
  registry: RegistryDocument,
  last: string | undefined,
  limit: number,
  { which = "listed", prefix }: { readonly which?: "listed" | "all"; readonly prefix?: string } = {},
): Promise<{ names: RepositoryName[]; more: boolean }> {
  // No name equals a prefix, which ends with a slash, and in keys nothing that names hold is above the tilde.
  const from = prefix !== undefined && (last === undefined || last < prefix) ? prefix : last;
  const page = await ports.documents.list(partitions.catalog(registry.rid), {
    by: which === "listed" ? "rank" : "id",
    ...(from === undefined ? {} : { after: ids.catalogEntry(from as RepositoryName) }),
    ...(prefix === undefined ? {} : { before: `${ids.catalogEntry(prefix as RepositoryName)}~` }),
    limit,
    fresh: true,
  });
  return {
    names: page.documents.map((stored) => (stored.document as CatalogEntryDocument).repository),
    more: page.more,
  };
}
