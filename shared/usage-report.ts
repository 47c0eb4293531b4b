import type {
  RegistryUsageDocument,
  RepositoryFigures,
  RepositoryRecount,
  RepositoryUsageDocument,
} from "./catalog/documents.ts";
import type { RegistryDocument } from "./catalog/registry-documents.ts";
import {
  deletedFigures,
  listRepositoryUsage,
  noFigures,
  readRegistryUsage,
  stateOfUsage,
} from "./catalog/usage.ts";
import { limits } from "./domain/limits.ts";
import { onRegistry } from "./on-registry.ts";
import type { Ports } from "./ports/ports.ts";
import { createLog } from "./telemetry/log.ts";
import { findOrphans, firstDay } from "./upkeep/orphans/collect-orphans.ts";
import { recountRegistry } from "./upkeep/recount/reconcile-usage.ts";
import { type Drift, readRecountReport } from "./upkeep/recount/report.ts";

/** What a registry and its repositories have, as far as its events have been counted. Times are in ISO 8601. */
export interface UsageReport {
  readonly registry: string;
  /** Each blob once, however many repositories have it. */
  readonly bytes: number;
  readonly blobs: number;
  /** Nobody has them any more; their space is reclaimed soon. */
  readonly condemnedBytes: number;
  readonly condemnedBlobs: number;
  /** What the repositories have, and what was deleted and is not purged yet. */
  readonly live: RepositoryFigures;
  readonly deleted: ReturnType<typeof deletedFigures>;
  /** Absent when nothing has been counted yet. */
  readonly updatedAt?: string;
  /** The latest recount, and what it found to be wrong, and has mended. Absent: there was none. */
  readonly recount?: { readonly at: string; readonly drifts: number; readonly drift: readonly Drift[] };
  readonly repositories: readonly RepositoryReport[];
}

/** What a repository has, or, with `generation`, had when it was deleted; as of the recount, also what it shares. */
export interface RepositoryReport extends RepositoryFigures, Partial<Omit<RepositoryRecount, "at">> {
  readonly repository: string;
  readonly generation?: string;
  readonly recountedAt?: string;
}

/**
 * Reads the usage figures from the store that these variables name.
 * @param name of the registry; the default one when not told
 * @param recount whether to count all of it anew first
 * @throws Error of one line when there is no such registry, or the store cannot be opened
 */
export async function readUsage(
  env: Readonly<Record<string, string | undefined>>,
  name: string | undefined,
  recount = false,
): Promise<UsageReport> {
  return await onRegistry(env, name, async ({ ports, registry }) => {
    if (recount) await countAnew(ports, registry);
    return await reportOf(ports, registry);
  });
}

/** Bytes that no document of a registry names. */
export interface OrphanReport {
  readonly name: string;
  readonly size: number;
  readonly committedAt: string;
}

/**
 * What the next search for orphans would delete, and all before it have left; deletes nothing.
 * @throws Error as `readUsage`
 */
export async function readOrphans(
  env: Readonly<Record<string, string | undefined>>,
  name: string | undefined,
): Promise<OrphanReport[]> {
  return await onRegistry(env, name, async ({ ports, registry }) => {
    const found: OrphanReport[] = [];
    for (let day = firstDay(registry), more = true; more; ) {
      const budget = { pages: limits.recountPagesPerRunMax };
      const { orphans, day: next } = await findOrphans(ports, registry, day, budget);
      for (const { place, size, committedAt } of orphans) {
        found.push({ name: place.name, size, committedAt: new Date(committedAt).toISOString() });
      }
      more = next !== day;
      day = next;
    }
    return found;
  });
}

/** To the end, however much there is. Another process that is at it as well is overtaken, or overtakes. */
async function countAnew(ports: Ports, registry: RegistryDocument): Promise<void> {
  const begun = ports.clock.now();
  const log = createLog("silent", () => {});
  for (let endedAt = 0; endedAt < begun; ) {
    const budget = { pages: limits.recountPagesPerRunMax };
    const report =
      (await recountRegistry(ports, log, registry, budget)) ?? (await readRecountReport(ports, registry.rid));
    endedAt = report?.endedAt ?? 0;
  }
}

async function reportOf(ports: Ports, registry: RegistryDocument): Promise<UsageReport> {
  const usage: RegistryUsageDocument | undefined = await readRegistryUsage(ports, registry.rid);
  const recount = await readRecountReport(ports, registry.rid);
  const repositories: RepositoryUsageDocument[] = [];
  for (let more = true, last: RepositoryUsageDocument | undefined; more; ) {
    const page = await listRepositoryUsage(ports, registry.rid, last, limits.pageItemsMax);
    repositories.push(...page.usages.filter((of) => stateOfUsage(of) !== "purged"));
    last = page.usages.at(-1);
    more = page.more;
  }
  return {
    registry: registry.name,
    bytes: usage?.bytes ?? 0,
    blobs: usage?.blobs ?? 0,
    condemnedBytes: usage?.condemnedBytes ?? 0,
    condemnedBlobs: usage?.condemnedBlobs ?? 0,
    live: usage?.live ?? noFigures,
    deleted: deletedFigures(usage),
    ...(usage === undefined ? {} : { updatedAt: new Date(usage.updatedAt).toISOString() }),
    ...(recount === undefined
      ? {}
      : {
          recount: {
            at: new Date(recount.startedAt).toISOString(),
            drifts: recount.drifts,
            drift: recount.drift,
          },
        }),
    repositories: repositories.map(repositoryReport),
  };
}

function repositoryReport(usage: RepositoryUsageDocument): RepositoryReport {
  const { repository, generation, figures, recount } = usage;
  const { at, ...recounted } = recount ?? { at: undefined };
  return {
    repository,
    ...(stateOfUsage(usage) === "left" ? { generation } : {}),
    ...figures,
    ...recounted,
    ...(at === undefined ? {} : { recountedAt: new Date(at).toISOString() }),
  };
}
