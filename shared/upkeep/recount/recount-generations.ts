import type {
  EdgeDocument,
  LinkDocument,
  ManifestDocument,
  RepositoryFigures,
  RepositoryRecount,
  RepositoryUsageDocument,
} from "../../catalog/documents.ts";
import { schema } from "../../catalog/documents.ts";
import { listLeftGenerations, readLeftGeneration } from "../../catalog/generations.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { readHeader } from "../../catalog/repositories.ts";
import {
  meteringTime,
  meterRepository,
  noFigures,
  readRepositoryUsage,
  readStoredRegistryUsage,
  usageOperation,
} from "../../catalog/usage.ts";
import type { Digest } from "../../domain/digest.ts";
import type { RepositoryName } from "../../domain/name.ts";
import type { Operation, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { newSums } from "../count-usage.ts";
import { type Budget, documentsFrom } from "../document-pages.ts";
import { noHolders, recountAttempts } from "./recount-shards.ts";
import { type Drift, driftOf } from "./report.ts";

/** A generation that exists, left or not. */
export interface Generation {
  readonly repository: RepositoryName;
  readonly generation: string;
}

export interface RecountPass {
  readonly pass: string;
  readonly startedAt: number;
}

/** The present generation of a repository, and those that it has left. */
export async function generationsOf(
  ports: Ports,
  registry: RegistryDocument,
  repository: RepositoryName,
): Promise<Generation[]> {
  // The header last: what is restored meanwhile is found twice then, and not at all otherwise.
  const left = await listLeftGenerations(ports, registry, repository);
  const header = await readHeader(ports, registry, repository);
  const found = new Set(left.map(({ document }) => document.generation));
  if (header !== undefined) found.add(header.document.generation);
  return [...found].map((generation) => ({ repository, generation }));
}

/** Whether a generation was left and is still there, or is the repository's latest, whatever has become of it. */
export async function isKnown(
  ports: Ports,
  registry: RegistryDocument,
  repository: RepositoryName,
  generation: string,
): Promise<boolean> {
  if ((await readLeftGeneration(ports, registry, repository, generation)) !== undefined) return true;
  return (await readHeader(ports, registry, repository))?.document.generation === generation;
}

/**
 * Counts what generations have, and mends their figures. What was counted is what there is if the figures were the same before and
 * after, both times with all events in them: every change has an event.
 * @param drain has all events counted
 * @returns what was wrong, and how many changed each time
 */
export async function recountGenerations(
  ports: Ports,
  registry: RegistryDocument,
  generations: readonly Generation[],
  pass: RecountPass,
  drain: () => Promise<void>,
  budget: Budget,
): Promise<{ drift: Drift[]; unsettled: number }> {
  const { rid } = registry;
  const drift: Drift[] = [];
  let left = generations;
  for (let attempt = 0; attempt < recountAttempts && left.length > 0; attempt++) {
    await drain();
    const counted: { of: Generation; before: Stored<RepositoryUsageDocument> | undefined; count: Count }[] =
      [];
    for (const of of left) {
      const before = await readRepositoryUsage(ports, rid, of.repository, of.generation);
      if (before?.document.purged === true) continue;
      const departures = await countDepartures(ports, registry, of);
      if (departures === undefined) continue;
      const partition = partitions.content(rid, of.repository, of.generation);
      counted.push({ of, before, count: { departures, ...(await countContent(ports, partition, budget)) } });
    }
    await drain();
    const again: Generation[] = [];
    for (const { of, before, count } of counted) {
      const now = await readRepositoryUsage(ports, rid, of.repository, of.generation);
      const settled = now?.etag === before?.etag;
      const found = settled ? await settle(ports, rid, of, before, count, pass) : "conflict";
      if (found === "conflict") again.push(of);
      else if (found !== undefined) drift.push(found);
    }
    left = again;
  }
  return { drift, unsettled: left.length };
}

interface Count {
  readonly departures: 0 | 1;
  readonly figures: RepositoryFigures;
  readonly restorable: Pick<RepositoryRecount, "restorableBlobs" | "restorableBytes">;
}

/** Undefined: it is gone. */
async function countDepartures(
  ports: Ports,
  registry: RegistryDocument,
  { repository, generation }: Generation,
): Promise<0 | 1 | undefined> {
  if ((await readLeftGeneration(ports, registry, repository, generation)) !== undefined) return 1;
  const header = await readHeader(ports, registry, repository);
  return header?.document.state === "live" && header.document.generation === generation ? 0 : undefined;
}

/** Looks at all manifests, tags and links of a generation. */
async function countContent(
  ports: Ports,
  partition: string,
  budget: Budget,
): Promise<Omit<Count, "departures">> {
  const figures = { ...noFigures };
  const deleted = new Set<Digest>();
  for await (const { document } of documentsFrom<ManifestDocument>(
    ports,
    partition,
    ids.allManifests,
    budget,
  )) {
    // Tags' reverse entries sort between the manifests.
    if (document.kind !== "manifest") continue;
    if (document.state === "live") {
      figures.manifests += 1;
      figures.manifestBytes += document.size;
    } else if (document.deletedAt !== undefined) {
      figures.deletedManifests += 1;
      figures.deletedManifestBytes += document.size;
      deleted.add(document.digest);
    }
  }
  const kept = deleted.size === 0 ? new Set<Digest>() : await restorable(ports, partition, deleted, budget);
  const restorableSums = { restorableBlobs: 0, restorableBytes: 0 };
  for await (const { document } of documentsFrom<LinkDocument>(ports, partition, ids.allLinks, budget)) {
    figures.blobs += 1;
    figures.blobBytes += document.size;
    if (!kept.has(document.digest)) continue;
    restorableSums.restorableBlobs += 1;
    restorableSums.restorableBytes += document.size;
  }
  for await (const _ of documentsFrom(ports, partition, ids.allTags, budget)) figures.tags += 1;
  for await (const _ of documentsFrom(ports, partition, ids.allDeletedTags, budget)) figures.deletedTags += 1;
  return { figures, restorable: restorableSums };
}

/** What only manifests point at that are deleted and can be restored. Edges sort by what they point at. */
async function restorable(
  ports: Ports,
  partition: string,
  deleted: ReadonlySet<Digest>,
  budget: Budget,
): Promise<Set<Digest>> {
  const kept = new Set<Digest>();
  const needed = new Set<Digest>();
  for await (const { document } of documentsFrom<EdgeDocument>(ports, partition, ids.allEdges, budget)) {
    const { child, manifest } = document;
    if (deleted.has(manifest)) {
      if (!needed.has(child)) kept.add(child);
      continue;
    }
    kept.delete(child);
    // Only the child at hand can be pointed at again.
    needed.clear();
    needed.add(child);
  }
  return kept;
}

/** Writes what was counted over the figures as they were read. @returns what was wrong with them */
async function settle(
  ports: Ports,
  rid: string,
  { repository, generation }: Generation,
  before: Stored<RepositoryUsageDocument> | undefined,
  { departures, figures, restorable }: Count,
  { pass, startedAt }: RecountPass,
): Promise<Drift | "conflict" | undefined> {
  const kept = before?.document;
  const drift = driftOf(
    "repository",
    `${repository} ${generation}`,
    { ...(kept?.figures ?? noFigures), departures: kept?.departures ?? 0 },
    { ...figures, departures },
  );
  if (kept === undefined && drift === undefined) return undefined;
  const { uniqueBlobs, uniqueBytes, sharedBlobs, sharedBytes } =
    kept?.recounting?.pass === pass ? kept.recounting : noHolders;
  const registry = drift === undefined ? undefined : await readStoredRegistryUsage(ports, rid);
  const now = meteringTime(ports, registry?.document);
  const rest = kept ?? {
    id: ids.repositoryUsage(repository, generation),
    kind: "repository-usage" as const,
    schema,
    repository,
    generation,
    turn: 0,
    counted: [],
    updatedAt: now,
  };
  // What the recount has added up stays: it may be cut short now, and come by here again.
  const after: RepositoryUsageDocument = {
    ...rest,
    writer: ports.ids.nonce(),
    figures,
    departures,
    // Other figures count from now on, together with the registry's.
    ...(drift === undefined ? {} : { metered: meterRepository(kept, registry?.document, now) }),
    recount: { at: startedAt, uniqueBlobs, uniqueBytes, sharedBlobs, sharedBytes, ...restorable },
  };
  const operations: Operation[] = [usageOperation({ before, after })];
  if (drift !== undefined) {
    const document = newSums(ports, registry?.document, {}, [{ before, after }], now);
    operations.unshift(
      registry === undefined ? { op: "create", document } : { op: "replace", document, etag: registry.etag },
    );
  }
  const outcome = await ports.documents.commit(partitions.usage(rid), operations);
  return outcome === "committed" ? drift : "conflict";
}
