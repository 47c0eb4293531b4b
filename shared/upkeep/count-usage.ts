import { untilSettled } from "../catalog/commit.ts";
import {
  type EventDocument,
  type RegistryUsageDocument,
  type RepositoryUsageDocument,
  type ShardFigures,
  schema,
} from "../catalog/documents.ts";
import { ids, partitions } from "../catalog/keys.ts";
import {
  changeSums,
  meteringTime,
  meterRegistry,
  meterRepository,
  noFigures,
  plus,
  readRepositoryUsage,
  readStoredRegistryUsage,
  type UsageChange,
  usageOperation,
} from "../catalog/usage.ts";
import { limits } from "../domain/limits.ts";
import type { Document, Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { GenerationEvents, RegistryChanges } from "./sort-changes.ts";

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
 * A shard's counter is absolute and numbered, so the one with the highest number counts. Events are differences: the document
 * of a repository's generation says which of them are in it. Those of the present turn are all remembered, and of earlier turns
 * the last few, should the store show them again. Somebody who is still in an earlier turn than the document finds that out here:
 * what he has to count, others have counted before they moved on.
 *
 * The registry's sums over its repositories change by the same commits, and so are as exact.
 */
export async function countUsage(
  ports: Ports,
  rid: string,
  changes: RegistryChanges,
  turn: number,
): Promise<CountOutcome> {
  const counting = [...changes.generations.values()].filter(({ events }) => events.some(counts));
  const written: Document[] = [];
  for (let from = 0; from === 0 || from < counting.length; from += repositoriesPerCommit) {
    const some = counting.slice(from, from + repositoriesPerCommit);
    const shards = from === 0 ? changes.shards : new Map<string, ShardFigures>();
    const outcome = await untilSettled(() => countSome(ports, rid, shards, some, turn));
    if (outcome.outcome === "overtaken") return outcome;
    written.push(...outcome.written);
  }
  return { outcome: "counted", written };
}

/** Whether an event changes figures, or whose they are. */
function counts(event: EventDocument): boolean {
  return event.usage !== undefined || departuresOf(event) !== 0;
}

function departuresOf({ action }: EventDocument): number {
  if (action === "repository-delete") return 1;
  return action === "repository-restore" ? -1 : 0;
}

/** One attempt at one commit. Undefined: start over. */
async function countSome(
  ports: Ports,
  rid: string,
  shards: ReadonlyMap<string, ShardFigures>,
  generations: readonly GenerationEvents[],
  turn: number,
): Promise<CountOutcome | undefined> {
  if (shards.size === 0 && generations.length === 0) return { outcome: "counted", written: [] };
  const [registry, ...before] = await Promise.all([
    readStoredRegistryUsage(ports, rid),
    ...generations.map(
      async ({ repository, generation }) => await readRepositoryUsage(ports, rid, repository, generation),
    ),
  ]);
  const latest = Math.max(turn, ...before.map((stored) => stored?.document.turn ?? 0));
  if (latest > turn) return { outcome: "overtaken", turn: latest };
  const now = meteringTime(ports, registry?.document);
  const changes = generations.flatMap((events, index): UsageChange[] => {
    const after = withEvents(ports, before[index]?.document, events, turn, now);
    if (after === undefined) return [];
    const metered = meterRepository(before[index]?.document, registry?.document, now);
    return [{ before: before[index], after: { ...after, metered } }];
  });
  const sums = withChanges(ports, registry?.document, shards, changes, now);
  if (sums === undefined) return { outcome: "counted", written: [] };
  const operations = [sumsOperation(sums, registry), ...changes.map(usageOperation)];
  const outcome = await ports.documents.commit(partitions.usage(rid), operations);
  if (outcome !== "committed") return undefined;
  return { outcome: "counted", written: [sums, ...changes.map(({ after }) => after)] };
}

function sumsOperation(
  document: RegistryUsageDocument,
  before: Stored<RegistryUsageDocument> | undefined,
): Operation {
  return before === undefined ? { op: "create", document } : { op: "replace", document, etag: before.etag };
}

/** The registry's sums with these counters and changes. Undefined: they have them already. */
function withChanges(
  ports: Ports,
  before: RegistryUsageDocument | undefined,
  changed: ReadonlyMap<string, ShardFigures>,
  changes: readonly UsageChange[],
  now: number,
): RegistryUsageDocument | undefined {
  const known = before?.shards ?? {};
  const later = [...changed].filter(([shard, [seq]]) => seq > (known[shard]?.[0] ?? 0));
  if (later.length === 0 && changes.length === 0) return undefined;
  return newSums(ports, before, Object.fromEntries(later), changes, now);
}

/**
 * The registry's sums when these shards and documents have changed.
 * @param now the `meteringTime` of the commit
 */
export function newSums(
  ports: Ports,
  before: RegistryUsageDocument | undefined,
  changed: Readonly<Record<string, ShardFigures>>,
  changes: readonly UsageChange[],
  now: number,
): RegistryUsageDocument {
  return {
    id: ids.registryUsage,
    kind: "registry-usage",
    schema,
    writer: ports.ids.nonce(),
    ...sumsOfShards({ ...before?.shards, ...changed }),
    ...changeSums(before, changes),
    ...meterRegistry(before, now),
    updatedAt: now,
  };
}

/** The shards, and what they are together. */
function sumsOfShards(shards: Readonly<Record<string, ShardFigures>>) {
  const sum = (of: (figures: ShardFigures) => number) =>
    Object.values(shards).reduce((total, figures) => total + of(figures), 0);
  return {
    bytes: sum(([, bytes]) => bytes),
    blobs: sum(([, , blobs]) => blobs),
    condemnedBytes: sum(([, , , bytes = 0]) => bytes),
    condemnedBlobs: sum(([, , , , blobs = 0]) => blobs),
    shards,
  };
}

/** A generation's figures with these events. Undefined: they have them already, or count nothing any more. */
function withEvents(
  ports: Ports,
  before: RepositoryUsageDocument | undefined,
  { repository, generation, events }: GenerationEvents,
  turn: number,
  now: number,
): Omit<RepositoryUsageDocument, "metered"> | undefined {
  if (before?.purged === true) return undefined;
  const counted = new Set(before?.counted);
  let { figures, departures } = before ?? { figures: noFigures, departures: 0 };
  const added: string[] = [];
  for (const event of events) {
    const mark = event.id.slice(-markChars);
    if (!counts(event) || counted.has(mark)) continue;
    counted.add(mark);
    added.push(mark);
    figures = plus(figures, event.usage ?? {});
    departures += departuresOf(event);
  }
  if (added.length === 0) return undefined;
  const earlier = before?.counted ?? [];
  const kept = before?.turn === turn ? earlier : earlier.slice(-limits.eventsRememberedMax);
  return {
    ...(before ?? {
      id: ids.repositoryUsage(repository, generation),
      kind: "repository-usage",
      schema,
      repository,
      generation,
    }),
    writer: ports.ids.nonce(),
    figures,
    departures,
    turn,
    counted: [...kept, ...added],
    updatedAt: now,
  };
}
