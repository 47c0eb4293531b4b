import { limits } from "../domain/limits.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { enterInCatalog, unlistInCatalog } from "./catalog-entries.ts";
import { readAs, untilSettled } from "./commit.ts";
import { type Lock, type RepositoryDocument, schema } from "./documents.ts";
import { ids, partitions } from "./keys.ts";
import type { RegistryDocument } from "./registry-documents.ts";

/** A repository in one of its generations, usually the present one. */
export interface Repository {
  readonly registry: RegistryDocument;
  readonly name: RepositoryName;
  readonly generation: string;
  readonly locks?: readonly Lock[];
  /** Marked for pulls without login. */
  readonly anonymousPull?: true;
  /** Where its manifests, tags, links, edges and referrers are. */
  readonly partition: string;
}

/** The repository, or undefined when nothing was written to it since it was last deleted. One read. */
export async function findRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<Repository | undefined> {
  const header = await readHeader(ports, registry, name);
  if (header?.document.state !== "live") return undefined;
  return inGeneration(registry, name, header.document.generation, header.document);
}

/**
 * The repository as it is, or was, in that generation.
 * @param header what it says of the present one; none of it held for those before
 */
export function inGeneration(
  registry: RegistryDocument,
  name: RepositoryName,
  generation: string,
  header: Pick<RepositoryDocument, "locks" | "anonymousPull"> = {},
): Repository {
  const { locks, anonymousPull } = header;
  return {
    registry,
    name,
    generation,
    ...(locks === undefined ? {} : { locks }),
    ...(anonymousPull === undefined ? {} : { anonymousPull }),
    partition: partitions.content(registry.rid, name, generation),
  };
}

export async function readHeader(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<Stored<RepositoryDocument> | undefined> {
  const partition = partitions.repository(registry.rid, name);
  return await readAs<RepositoryDocument>(ports.documents, partition, ids.repository, "repository");
}

/**
 * The repository, made by its first write, or made anew by the first after its deletion. Its catalog entry comes first, so that
 * whatever exists can be enumerated.
 */
export async function ensureRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<Repository> {
  const writer = ports.ids.nonce();
  return await untilSettled(async () => {
    const before = await readHeader(ports, registry, name);
    if (before?.document.state === "live") {
      return inGeneration(registry, name, before.document.generation, before.document);
    }
    if (before?.document.state === "deleting") {
      await finishLeaving(ports, registry, name);
      return undefined;
    }
    if (!(await enterInCatalog(ports, { registry, name }))) return undefined;
    const document: RepositoryDocument = {
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
      before === undefined ? { op: "create", document } : { op: "replace", document, etag: before.etag },
    ]);
    // Whoever made it: read what there is now.
    return await findRepository(ports, registry, name);
  });
}

/**
 * Ends a deletion that has left the repository's generation: off the catalog; then, since readers remember a generation for a
 * while, nobody begins another until they have forgotten it. Does nothing when none is under way.
 */
export async function finishLeaving(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<void> {
  const leaving = await readHeader(ports, registry, name);
  if (leaving?.document.state !== "deleting") return;
  const { generation } = leaving.document;
  await unlistInCatalog(ports, { registry, name }, async () => {
    const now = await readHeader(ports, registry, name);
    return now?.document.state === "deleting" && now.document.generation === generation;
  });
  await ports.pause(limits.repositoryCacheSeconds * 1000);
  const document: RepositoryDocument = {
    ...leaving.document,
    state: "deleted",
    writer: ports.ids.nonce(),
  };
  const partition = partitions.repository(registry.rid, name);
  await untilSettled(async () => {
    const outcome = await ports.documents.commit(partition, [
      { op: "replace", document, etag: leaving.etag },
    ]);
    if (outcome !== "unknown") return true;
    const now = await readHeader(ports, registry, name);
    return now?.etag === leaving.etag ? undefined : true;
  });
}
