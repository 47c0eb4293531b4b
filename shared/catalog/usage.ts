import { limits } from "../domain/limits.ts";
import type { RepositoryName } from "../domain/name.ts";
import { bringForward, type Meter } from "../domain/pricing/meter.ts";
import { monthOf, startOfMonth } from "../domain/pricing/month.ts";
import type { Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { readAs, untilSettled } from "./commit.ts";
import {
  type RegistryUsageDocument,
  type RepositoryFigures,
  type RepositoryUsageDocument,
  schema,
} from "./documents.ts";
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
  return (await readStoredRegistryUsage(ports, rid))?.document;
}

export async function readStoredRegistryUsage(
  ports: Pick<Ports, "documents">,
  rid: string,
): Promise<Stored<RegistryUsageDocument> | undefined> {
  return await readAs<RegistryUsageDocument>(
    ports.documents,
    partitions.usage(rid),
    ids.registryUsage,
    "registry-usage",
  );
}

/** What one generation of a repository has. One read. */
export async function readRepositoryUsage(
  ports: Pick<Ports, "documents">,
  rid: string,
  repository: RepositoryName,
  generation: string,
): Promise<Stored<RepositoryUsageDocument> | undefined> {
  return await readAs<RepositoryUsageDocument>(
    ports.documents,
    partitions.usage(rid),
    ids.repositoryUsage(repository, generation),
    "repository-usage",
  );
}

/**
 * Generations of repositories with what they have, in the order of the names, a range read a page: also those that were left, and,
 * for a while, those that are purged.
 * @param last the one to start behind
 */
export async function listRepositoryUsage(
  ports: Pick<Ports, "documents">,
  rid: string,
  last: Pick<RepositoryUsageDocument, "id"> | undefined,
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

/** Whether figures are of the repository as it is, of a generation that it has left, or of nothing any more. */
export function stateOfUsage(usage: RepositoryUsageDocument): "live" | "left" | "purged" {
  if (usage.purged === true) return "purged";
  return usage.departures > 0 ? "left" : "live";
}

/**
 * What was deleted and is not purged yet: manifests and tags by themselves, and all that is in generations that were left. Blobs are
 * those that only these generations may read; what deleted manifests keep, a recount tells.
 */
export function deletedFigures(
  usage: Pick<RegistryUsageDocument, "live" | "left"> | undefined,
): Pick<RepositoryFigures, "manifests" | "manifestBytes" | "tags" | "blobs" | "blobBytes"> {
  const { live = noFigures, left = noFigures } = usage ?? {};
  return {
    manifests: left.manifests + left.deletedManifests + live.deletedManifests,
    manifestBytes: left.manifestBytes + left.deletedManifestBytes + live.deletedManifestBytes,
    tags: left.tags + left.deletedTags + live.deletedTags,
    blobs: left.blobs,
    blobBytes: left.blobBytes,
  };
}

/** Bytes that count for a registry's quota: blobs, and manifests, also those that were deleted and can be restored. */
export function storedBytes(
  usage: Pick<RegistryUsageDocument, "bytes" | "live" | "left"> | undefined,
): number {
  const { bytes = 0, live = noFigures } = usage ?? {};
  return bytes + live.manifestBytes + deletedFigures(usage).manifestBytes;
}

/** Bytes that a repository has in its registry: those that others have too are there only once. */
function repositoryBytes(figures: RepositoryFigures): number {
  return figures.blobBytes + figures.manifestBytes + figures.deletedManifestBytes;
}

/**
 * The time from which all that one commit changes counts: never before that of a commit before it, whatever the clocks of their
 * processes say, so that what the repositories had adds up to what the registry says of them.
 */
export function meteringTime(
  { clock }: Pick<Ports, "clock">,
  registry: RegistryUsageDocument | undefined,
): number {
  return Math.max(Math.floor(clock.now()), registry?.metered?.until ?? registry?.updatedAt ?? 0);
}

/** The registry's meters as of `now`, after which its figures are others. */
export function meterRegistry(
  usage: RegistryUsageDocument | undefined,
  now: number,
): Required<Pick<RegistryUsageDocument, "metered" | "meteredRepositories">> {
  if (usage === undefined) {
    const meter = { until: now, months: {} };
    return { metered: meter, meteredRepositories: meter };
  }
  const begun: Meter = { since: usage.updatedAt, until: usage.updatedAt, months: {} };
  const { metered = begun, meteredRepositories = begun, live = noFigures, left = noFigures } = usage;
  return {
    metered: bringForward(metered, storedBytes(usage), now),
    meteredRepositories: bringForward(
      meteredRepositories,
      repositoryBytes(live) + repositoryBytes(left),
      now,
    ),
  };
}

/** A repository's meter as of `now`. Its metering began with the registry's, or with itself. */
export function meterRepository(
  usage: RepositoryUsageDocument | undefined,
  registry: RegistryUsageDocument | undefined,
  now: number,
): Meter {
  if (usage === undefined) return { until: now, months: {} };
  const since = registry?.metered === undefined ? registry?.updatedAt : registry.metered.since;
  const { metered = { until: Math.max(usage.updatedAt, since ?? 0), months: {} } } = usage;
  return bringForward(metered, repositoryBytes(usage.figures), now);
}

/** `figures` with `times` the change. */
export function plus(
  figures: RepositoryFigures,
  change: Partial<RepositoryFigures>,
  times: 1 | -1 = 1,
): RepositoryFigures {
  const sum = (name: keyof RepositoryFigures) => figures[name] + times * (change[name] ?? 0);
  return {
    manifests: sum("manifests"),
    manifestBytes: sum("manifestBytes"),
    tags: sum("tags"),
    blobs: sum("blobs"),
    blobBytes: sum("blobBytes"),
    deletedManifests: sum("deletedManifests"),
    deletedManifestBytes: sum("deletedManifestBytes"),
    deletedTags: sum("deletedTags"),
  };
}

/** A repository's document that changes: the registry's sums change by the same commit. */
export interface UsageChange {
  readonly before: Stored<RepositoryUsageDocument> | undefined;
  readonly after: RepositoryUsageDocument;
}

/** The registry's sums when these documents have changed. */
export function changeSums(
  sums: Pick<RegistryUsageDocument, "live" | "left"> | undefined,
  changes: readonly UsageChange[],
): { live: RepositoryFigures; left: RepositoryFigures } {
  const result = { live: sums?.live ?? noFigures, left: sums?.left ?? noFigures };
  const add = (usage: RepositoryUsageDocument, times: 1 | -1) => {
    const state = stateOfUsage(usage);
    if (state !== "purged") result[state] = plus(result[state], usage.figures, times);
  };
  for (const { before, after } of changes) {
    if (before !== undefined) add(before.document, -1);
    add(after, 1);
  }
  return result;
}

export function usageOperation({ before, after }: UsageChange): Operation {
  if (before === undefined) return { op: "create", document: after };
  return { op: "replace", document: after, etag: before.etag };
}

/**
 * Takes a generation's figures out of the registry's sums, when all that was there is gone. What the event consumer is told of it
 * later counts for nothing: the document remembers that, until the last of these events is gone, and what the generation cost until the
 * month after this one is over. May be repeated.
 */
export async function forgetUsage(
  ports: Ports,
  rid: string,
  repository: RepositoryName,
  generation: string,
): Promise<void> {
  await untilSettled(async () => {
    const [registry, before] = await Promise.all([
      readStoredRegistryUsage(ports, rid),
      readRepositoryUsage(ports, rid, repository, generation),
    ]);
    if (before?.document.purged === true) return true;
    const now = meteringTime(ports, registry?.document);
    const metered = meterRepository(before?.document, registry?.document, now);
    const after: RepositoryUsageDocument = {
      id: ids.repositoryUsage(repository, generation),
      kind: "repository-usage",
      schema,
      writer: ports.ids.nonce(),
      expiresAt: Math.ceil(forgottenAt(now, metered) / 1000),
      repository,
      generation,
      departures: before?.document.departures ?? 0,
      purged: true,
      figures: noFigures,
      turn: before?.document.turn ?? 0,
      counted: [],
      updatedAt: now,
      metered,
    };
    const operations: Operation[] = [usageOperation({ before, after })];
    if (registry !== undefined) {
      const document: RegistryUsageDocument = {
        ...registry.document,
        ...changeSums(registry.document, [{ before, after }]),
        ...meterRegistry(registry.document, now),
        writer: after.writer,
        updatedAt: now,
      };
      operations.unshift({ op: "replace", document, etag: registry.etag });
    }
    const outcome = await ports.documents.commit(partitions.usage(rid), operations);
    return outcome === "committed" ? true : undefined;
  });
}

function forgottenAt(now: number, { months }: Meter): number {
  const afterEvents = now + limits.eventSecondsMax * 1000;
  if (Object.keys(months).length === 0) return afterEvents;
  return Math.max(afterEvents, startOfMonth(monthOf(now), 2));
}
