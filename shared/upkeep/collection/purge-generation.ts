import { unlinkOperations } from "../../catalog/blobs.ts";
import { readEntry } from "../../catalog/catalog-entries.ts";
import type {
  DeletedRepositoryDocument,
  LeftGenerationDocument,
} from "../../catalog/collection-documents.ts";
import { condemnPlace } from "../../catalog/condemned-places.ts";
import type { LinkDocument, ManifestDocument } from "../../catalog/documents.ts";
import {
  correctIndex,
  dropIndex,
  giveUpGeneration,
  listLeftGenerations,
  readLeftGeneration,
} from "../../catalog/generations.ts";
import { endOfPrefix, ids, partitions } from "../../catalog/keys.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { finishLeaving, inGeneration, type Repository, readHeader } from "../../catalog/repositories.ts";
import { forgetUsage } from "../../catalog/usage.ts";
import type { RepositoryName } from "../../domain/name.ts";
import type { Document, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { deleteAll, type Sweep, takeHolders } from "./sweep-repository.ts";

const pageItems = 1_000;
const linksPerCommit = 45;
const commitsAtOnce = 4;

/** What is left to do with a generation: nothing, or it is to be gone on with. */
export type Purge = "gone" | "more";

/**
 * Removes what a repository had in a generation that it left long enough ago: what points at bytes is followed first, then all
 * documents go, and last what led here. Every step can be done again.
 * @param index by which it was found
 * @param isDue whether it was left long enough ago
 * @param budget pages of documents that may still be looked at
 */
export async function purgeGeneration(
  ports: Ports,
  registry: RegistryDocument,
  index: Stored<DeletedRepositoryDocument>,
  isDue: (left: LeftGenerationDocument) => boolean,
  budget: { pages: number },
  swept: Pick<Sweep, "condemned" | "condemnedBytes" | "next">,
): Promise<Purge> {
  const { repository: name, generation } = index.document;
  const left = await readLeftGeneration(ports, registry, name, generation);
  const header = await readHeader(ports, registry, name);
  const here = header?.document.generation === generation ? header.document.state : undefined;
  // It was never left, or has been restored.
  if (here === "live") {
    await dropIndex(ports, registry.rid, index);
    return "gone";
  }
  // Whoever was deleting it has ended before.
  if (here === "deleting") await finishLeaving(ports, registry, name);
  // The index may be that of an earlier departure.
  if (left !== undefined && !isDue(left.document)) {
    await correctIndex(ports, registry, name, left.document);
    return "gone";
  }
  if (left?.document.state === "kept") {
    await giveUpGeneration(ports, registry, name, generation);
    if ((await readLeftGeneration(ports, registry, name, generation))?.document.state !== "purging")
      return "gone";
  }
  const repository = inGeneration(registry, name, generation);
  if (!(await purgeContent(ports, repository, budget, swept))) return "more";
  if (left !== undefined) {
    const now = await readLeftGeneration(ports, registry, name, generation);
    if (now !== undefined) await deleteAll(ports, partitions.repository(registry.rid, name), [now]);
  }
  await forgetUsage(ports, registry.rid, name, generation);
  await dropName(ports, registry, name);
  await dropIndex(ports, registry.rid, index);
  return "gone";
}

/** @returns whether all of it is gone */
async function purgeContent(
  ports: Ports,
  repository: Repository,
  budget: { pages: number },
  swept: Pick<Sweep, "condemned" | "condemnedBytes" | "next">,
): Promise<boolean> {
  const { partition } = repository;
  const links = await eachPage<LinkDocument>(ports, partition, ids.allLinks, budget, async (page) => {
    for (let from = 0; from < page.length; from += linksPerCommit) {
      const operations = page
        .slice(from, from + linksPerCommit)
        .flatMap((link) => unlinkOperations(ports, link));
      await ports.documents.commit(partition, operations);
    }
    await takeHolders(ports, repository, true, swept);
  });
  if (!links) return false;
  await takeHolders(ports, repository, true, swept);
  const manifests = await eachPage<Document>(ports, partition, ids.allManifests, budget, async (page) => {
    for (const { document } of page) {
      if (document.kind !== "manifest") continue;
      const { place } = document as ManifestDocument;
      if (place !== undefined) await condemnPlace(ports, place);
    }
    await deletePage(ports, partition, page);
  });
  if (!manifests) return false;
  return await eachPage<Document>(ports, partition, "", budget, async (page) => {
    await deletePage(ports, partition, page);
  });
}

async function deletePage(ports: Ports, partition: string, page: readonly Stored[]): Promise<void> {
  const size = Math.ceil(page.length / commitsAtOnce / 100) * 100;
  const parts: Stored[][] = [];
  for (let from = 0; from < page.length; from += size) parts.push(page.slice(from, from + size));
  await Promise.all(parts.map(async (part) => await deleteAll(ports, partition, part)));
}

/**
 * Hands out pages of the documents whose ids begin with `prefix`, from the beginning each time, since they are taken away.
 * @returns false when the budget ran out before the last one
 */
async function eachPage<D extends Document>(
  ports: Ports,
  partition: string,
  prefix: string,
  budget: { pages: number },
  take: (page: readonly Stored<D>[]) => Promise<void>,
): Promise<boolean> {
  const range = prefix === "" ? {} : { after: prefix, before: endOfPrefix(prefix) };
  for (; budget.pages > 0; budget.pages -= 1) {
    const page = await ports.documents.list(partition, { by: "id", ...range, limit: pageItems, fresh: true });
    if (page.documents.length === 0) return true;
    await take(page.documents as readonly Stored<D>[]);
  }
  return false;
}

/**
 * When nothing is left of a repository, its header and then its entry in the catalog go, by the etags from before it was known
 * that nothing is left: whoever makes it anew writes the entry first.
 */
async function dropName(ports: Ports, registry: RegistryDocument, name: RepositoryName): Promise<void> {
  const entry = await readEntry(ports, registry.rid, name);
  const header = await readHeader(ports, registry, name);
  if (header !== undefined && header.document.state !== "deleted") return;
  if ((await listLeftGenerations(ports, registry, name)).length > 0) return;
  if (header !== undefined) {
    const outcome = await ports.documents.commit(partitions.repository(registry.rid, name), [
      { op: "delete", id: header.document.id, etag: header.etag },
    ]);
    if (outcome !== "committed") return;
  }
  if (entry !== undefined) await deleteAll(ports, partitions.catalog(registry.rid), [entry]);
}
