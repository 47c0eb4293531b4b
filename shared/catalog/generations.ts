import type { RepositoryName } from "../domain/name.ts";
import type { Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { listInCatalog } from "./catalog-entries.ts";
import type { DeletedRepositoryDocument, LeftGenerationDocument } from "./collection-documents.ts";
import { commitIdempotent, EventedChange, newEvent, readAs, untilSettled } from "./commit.ts";
import { type RepositoryDocument, schema } from "./documents.ts";
import { endOfPrefix, ids, partitions, ranks } from "./keys.ts";
import { demandUnlocked } from "./locks/locks.ts";
import type { RegistryDocument } from "./registry-documents.ts";
import { finishLeaving, readHeader } from "./repositories.ts";

/**
 * Deletes the repository by leaving its generation: { header by etag, what became of the generation, event }. From then on no reader
 * that asks sees anything of it, however much there is; those that remember it are waited for. With soft delete the generation can
 * be restored, otherwise it is purged.
 * @returns false when there was no repository
 * @throws RegistryError UNSUPPORTED when it is locked
 */
export async function leaveGeneration(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<boolean> {
  const state = registry.policies.softDelete?.enabled === true ? "kept" : "purging";
  const writer = ports.ids.nonce();
  const changes = new GenerationChanges(ports, registry, name, "repository-delete", writer);
  const left = await untilSettled(async () => {
    const header = await readHeader(ports, registry, name);
    if (await changes.isCommitted()) return true;
    if (header?.document.state === "deleting") {
      await finishLeaving(ports, registry, name);
      return false;
    }
    if (header?.document.state !== "live") return false;
    const { generation, locks } = header.document;
    demandUnlocked("delete", `the repository ${name}`, locks);
    const deletedAt = ports.clock.now();
    await writeIndex(ports, registry.rid, { repository: name, generation, deletedAt, state });
    const document: RepositoryDocument = { ...header.document, state: "deleting", writer };
    const operations: Operation[] = [
      { op: "replace", document, etag: header.etag },
      { op: "upsert", document: leftGeneration(writer, generation, deletedAt, state) },
    ];
    return (await changes.of(generation).commit(operations)) ? true : undefined;
  });
  if (left) await finishLeaving(ports, registry, name);
  return left;
}

/** One change of the repository's generation, which may meet several generations before it settles. */
class GenerationChanges {
  readonly #changes = new Map<string, EventedChange>();
  readonly #newChange: (generation: string) => EventedChange;

  constructor(
    ports: Ports,
    registry: RegistryDocument,
    name: RepositoryName,
    action: "repository-delete" | "repository-restore",
    writer: string,
  ) {
    const partition = partitions.repository(registry.rid, name);
    this.#newChange = (generation) =>
      new EventedChange(
        ports.documents,
        partition,
        newEvent(ports, action, writer, { registry, name, generation }),
      );
  }

  of(generation: string): EventedChange {
    const change = this.#changes.get(generation) ?? this.#newChange(generation);
    this.#changes.set(generation, change);
    return change;
  }

  async isCommitted(): Promise<boolean> {
    for (const change of this.#changes.values()) if (await change.isCommitted()) return true;
    return false;
  }
}

function leftGeneration(
  writer: string,
  generation: string,
  deletedAt: number,
  state: LeftGenerationDocument["state"],
): LeftGenerationDocument {
  const id = ids.leftGeneration(generation);
  return { id, kind: "left-generation", schema, writer, generation, deletedAt, state };
}

/** Where the generation is found by what waits for it, before there is anything to find. */
async function writeIndex(
  ports: Ports,
  rid: string,
  left: Pick<DeletedRepositoryDocument, "repository" | "generation" | "deletedAt" | "state">,
): Promise<void> {
  const id = ids.deletedRepository(left.repository, left.generation);
  const document: DeletedRepositoryDocument = {
    id,
    kind: "deleted-repository",
    schema,
    writer: ports.ids.nonce(),
    rank: ranks.deletedRepository(left.state, left.deletedAt, id),
    ...left,
  };
  await commitIdempotent(ports.documents, partitions.deleted(rid), [{ op: "upsert", document }]);
}

/** The generation is found when its time has come. */
export async function correctIndex(
  ports: Ports,
  registry: RegistryDocument,
  repository: RepositoryName,
  { generation, deletedAt, state }: LeftGenerationDocument,
): Promise<void> {
  await writeIndex(ports, registry.rid, { repository, generation, deletedAt, state });
}

/** The generations that the repository has left and that are not yet gone, the latest last. One range read. */
export async function listLeftGenerations(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<Stored<LeftGenerationDocument>[]> {
  const page = await ports.documents.list(partitions.repository(registry.rid, name), {
    by: "id",
    after: ids.leftGenerations,
    before: endOfPrefix(ids.leftGenerations),
    limit: 1_000,
    fresh: true,
  });
  return page.documents as Stored<LeftGenerationDocument>[];
}

/** What the repository was when it was last deleted, if that can be restored. */
export async function findKeptGeneration(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<LeftGenerationDocument | undefined> {
  const left = await listLeftGenerations(ports, registry, name);
  return left.findLast(({ document }) => document.state === "kept")?.document;
}

/**
 * Brings back what the repository was: { header by etag, the generation is no longer left, event }.
 * @returns `absent` when that cannot be restored, `occupied` when the repository has been made anew
 */
export async function restoreGeneration(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  generation: string,
): Promise<"restored" | "absent" | "occupied"> {
  const writer = ports.ids.nonce();
  const changes = new GenerationChanges(ports, registry, name, "repository-restore", writer);
  let index: Stored<DeletedRepositoryDocument> | undefined;
  const outcome = await untilSettled(async () => {
    const found = await readIndex(ports, registry.rid, name, generation);
    const header = await readHeader(ports, registry, name);
    const left = await readLeftGeneration(ports, registry, name, generation);
    if (await changes.isCommitted()) return "restored";
    index = found;
    if (header?.document.state === "deleting") {
      await finishLeaving(ports, registry, name);
      return undefined;
    }
    if (left?.document.state !== "kept" || header === undefined) return "absent";
    if (header.document.state === "live") return "occupied";
    const document: RepositoryDocument = { ...header.document, generation, state: "live", writer };
    const operations: Operation[] = [
      { op: "replace", document, etag: header.etag },
      { op: "delete", id: left.document.id, etag: left.etag },
    ];
    return (await changes.of(generation).commit(operations)) ? "restored" : undefined;
  });
  if (outcome !== "restored") return outcome;
  await listInCatalog(ports, { registry, name }, writer);
  if (index !== undefined) await dropIndex(ports, registry.rid, index);
  return outcome;
}

async function readIndex(
  ports: Ports,
  rid: string,
  name: RepositoryName,
  generation: string,
): Promise<Stored<DeletedRepositoryDocument> | undefined> {
  const id = ids.deletedRepository(name, generation);
  return await readAs<DeletedRepositoryDocument>(
    ports.documents,
    partitions.deleted(rid),
    id,
    "deleted-repository",
  );
}

/** Gives up what could be restored of the repository: from now on it is purged. @returns false when there was nothing */
export async function giveUpGenerations(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<boolean> {
  const left = await listLeftGenerations(ports, registry, name);
  const kept = left.filter(({ document }) => document.state === "kept");
  for (const { document } of kept) await giveUpGeneration(ports, registry, name, document.generation);
  return kept.length > 0;
}

/** From now on the generation is purged, unless it was restored meanwhile. */
export async function giveUpGeneration(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  generation: string,
): Promise<void> {
  const partition = partitions.repository(registry.rid, name);
  await untilSettled(async () => {
    const left = await readLeftGeneration(ports, registry, name, generation);
    if (left === undefined) return true;
    const { deletedAt } = left.document;
    if (left.document.state === "purging") {
      await writeIndex(ports, registry.rid, { repository: name, generation, deletedAt, state: "purging" });
      return true;
    }
    const document: LeftGenerationDocument = {
      ...left.document,
      state: "purging",
      writer: ports.ids.nonce(),
    };
    await ports.documents.commit(partition, [{ op: "replace", document, etag: left.etag }]);
    return undefined;
  });
}

export async function readLeftGeneration(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  generation: string,
): Promise<Stored<LeftGenerationDocument> | undefined> {
  return await readAs<LeftGenerationDocument>(
    ports.documents,
    partitions.repository(registry.rid, name),
    ids.leftGeneration(generation),
    "left-generation",
  );
}

/** Generations that may have been left by `before` (ms since 1970), the longest left first: what is listed has to be looked at. */
export async function listDeletedBefore(
  ports: Ports,
  rid: string,
  state: LeftGenerationDocument["state"],
  before: number,
  limit: number,
  after?: string,
): Promise<Stored<DeletedRepositoryDocument>[]> {
  const page = await ports.documents.list(partitions.deleted(rid), {
    by: "rank",
    after: after ?? ranks.deletedRepositories(state),
    before: ranks.deletedRepositoriesAt(state, before + 1),
    limit,
    fresh: true,
  });
  return page.documents as Stored<DeletedRepositoryDocument>[];
}

/**
 * The generation is found no more by this document. By the etag of a moment when the generation had not come back yet: whoever
 * leaves it anew has written the document anew.
 */
export async function dropIndex(
  ports: Ports,
  rid: string,
  { document: { id }, etag }: Stored<DeletedRepositoryDocument>,
): Promise<void> {
  await untilSettled(async () => {
    const outcome = await ports.documents.commit(partitions.deleted(rid), [{ op: "delete", id, etag }]);
    return outcome === "unknown" ? undefined : true;
  });
}
