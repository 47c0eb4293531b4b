import { readAs, untilSettled } from "../catalog/commit.ts";
import {
  type EventDocument,
  type RegistryUsageDocument,
  type RepositoryFigures,
  type RepositoryUsageDocument,
  type ShardFigures,
  schema,
} from "../catalog/documents.ts";
import { ids, partitions } from "../catalog/keys.ts";
import { noFigures } from "../catalog/usage.ts";
import { limits } from "../domain/limits.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Document, Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { RegistryChanges } from "./sort-changes.ts";

/** `counted`: the figures have what the changes say. `overtaken`: they were written in this later turn. */
export type CountOutcome =
  | { readonly outcome: "counted"; readonly written: readonly Document[] }
  | { readonly outcome: "overtaken"; readonly turn: number };

/** Repositories whose figures are written in one commit, with the registry's: each has up to about 5 KB. */
const repositoriesPerCommit = 50;
/** Characters of an event's id that tell it from others: half a hundred bits of chance. */
const markChars = 10;

/**
 * Brings what changes say of a registry into its usage documents, once, however often the same changes come.
 *
 * A shard's counter is absolute and numbered, so the one with the highest number counts. Events are differences: a
 * repository's document says which of them are in it. Those of the present turn are all remembered, and of earlier turns the
 * last few, should the store show them again. Somebody who is still in an earlier turn than the document finds that out here:
 * what he has to count, others have counted before they moved on.
 */
export async function countUsage(
  ports: Ports,
  rid: string,
  changes: RegistryChanges,
  turn: number,
): Promise<CountOutcome> {
  const repositories = [...changes.events];
  const written: Document[] = [];
  for (let from = 0; from === 0 || from < repositories.length; from += repositoriesPerCommit) {
    const some = repositories.slice(from, from + repositoriesPerCommit);
    const shards = from === 0 ? changes.shards : new Map<string, ShardFigures>();
    const outcome = await untilSettled(() => countSome(ports, rid, shards, some, turn));
    if (outcome.outcome === "overtaken") return outcome;
    written.push(...outcome.written);
  }
  return { outcome: "counted", written };
}

/** One attempt at one commit. Undefined: start over. */
async function countSome(
  ports: Ports,
  rid: string,
  shards: ReadonlyMap<string, ShardFigures>,
  repositories: readonly (readonly [RepositoryName, readonly EventDocument[]])[],
  turn: number,
): Promise<CountOutcome | undefined> {
  const partition = partitions.usage(rid);
  const read = async (name: RepositoryName, generation: string) =>
    await readAs<RepositoryUsageDocument>(
      ports.documents,
      partition,
      ids.repositoryUsage(name, generation),
      "repository-usage",
    );
  const [registry, ...before] = await Promise.all([
    shards.size === 0 ? undefined : readRegistry(ports, partition),
    ...repositories.map(async ([name, events]) => await read(name, events[0]?.generation ?? "")),
  ]);
  const latest = Math.max(turn, ...before.map((stored) => stored?.document.turn ?? 0));
  if (latest > turn) return { outcome: "overtaken", turn: latest };
  const written = repositories.flatMap(([name, events], index) => {
    const document = withEvents(ports, name, before[index]?.document, events, turn);
    return document === undefined ? [] : [{ document, etag: before[index]?.etag }];
  });
  const sums = withShards(ports, registry?.document, shards);
  const all = [...(sums === undefined ? [] : [{ document: sums, etag: registry?.etag }]), ...written];
  if (all.length > 0) {
    const outcome = await ports.documents.commit(partition, all.map(operationOf));
    if (outcome !== "committed") return undefined;
  }
  return { outcome: "counted", written: all.map(({ document }) => document) };
}

async function readRegistry(
  ports: Ports,
  partition: string,
): Promise<Stored<RegistryUsageDocument> | undefined> {
  return await readAs(ports.documents, partition, ids.registryUsage, "registry-usage");
}

function operationOf({ document, etag }: { document: Document; etag: string | undefined }): Operation {
  return etag === undefined ? { op: "create", document } : { op: "replace", document, etag };
}

/** The registry's sums with these counters. Undefined: they have them already. */
function withShards(
  ports: Ports,
  before: RegistryUsageDocument | undefined,
  changed: ReadonlyMap<string, ShardFigures>,
): RegistryUsageDocument | undefined {
  const known = before?.shards ?? {};
  const later = [...changed].filter(([shard, [seq]]) => seq > (known[shard]?.[0] ?? 0));
  if (later.length === 0) return undefined;
  const shards = { ...known, ...Object.fromEntries(later) };
  const sum = (of: (figures: ShardFigures) => number) =>
    Object.values(shards).reduce((total, figures) => total + of(figures), 0);
  return {
    id: ids.registryUsage,
    kind: "registry-usage",
    schema,
    writer: ports.ids.nonce(),
    bytes: sum(([, bytes]) => bytes),
    blobs: sum(([, , blobs]) => blobs),
    shards,
    updatedAt: ports.clock.now(),
  };
}

/** The repository's figures with these events. Undefined: they have them already. */
function withEvents(
  ports: Ports,
  repository: RepositoryName,
  before: RepositoryUsageDocument | undefined,
  events: readonly EventDocument[],
  turn: number,
): RepositoryUsageDocument | undefined {
  const counted = new Set(before?.counted);
  let figures = before?.figures ?? noFigures;
  const added: string[] = [];
  for (const event of events) {
    const mark = event.id.slice(-markChars);
    if (counted.has(mark)) continue;
    counted.add(mark);
    added.push(mark);
    figures = plus(figures, event.usage ?? {});
  }
  if (added.length === 0) return undefined;
  const earlier = before?.counted ?? [];
  const kept = before?.turn === turn ? earlier : earlier.slice(-limits.eventsRememberedMax);
  return {
    id: ids.repositoryUsage(repository, events[0]?.generation ?? ""),
    kind: "repository-usage",
    schema,
    writer: ports.ids.nonce(),
    repository,
    figures,
    turn,
    counted: [...kept, ...added],
    updatedAt: ports.clock.now(),
  };
}

function plus(figures: RepositoryFigures, change: Partial<RepositoryFigures>): RepositoryFigures {
  return {
    manifests: figures.manifests + (change.manifests ?? 0),
    manifestBytes: figures.manifestBytes + (change.manifestBytes ?? 0),
    tags: figures.tags + (change.tags ?? 0),
    blobs: figures.blobs + (change.blobs ?? 0),
    blobBytes: figures.blobBytes + (change.blobBytes ?? 0),
    deletedManifests: figures.deletedManifests + (change.deletedManifests ?? 0),
    deletedManifestBytes: figures.deletedManifestBytes + (change.deletedManifestBytes ?? 0),
    deletedTags: figures.deletedTags + (change.deletedTags ?? 0),
  };
}
