import { listInCatalog, readEntry } from "../../catalog/catalog-entries.ts";
import type { LeftGenerationDocument, SweepDocument } from "../../catalog/collection-documents.ts";
import { listDeletedBefore } from "../../catalog/generations.ts";
import { endOfPrefix, ranks } from "../../catalog/keys.ts";
import { readRegistry } from "../../catalog/registries.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { findRepository, finishLeaving, type Repository } from "../../catalog/repositories.ts";
import { beginSweep, earliest, endSweep, listDueSweeps, nextSweep } from "../../catalog/sweeps.ts";
import { limits } from "../../domain/limits.ts";
import type { Ports } from "../../ports/ports.ts";
import type { Log } from "../../telemetry/log.ts";
import { guarded } from "../guarded.ts";
import { registriesInTurn } from "../turn.ts";
import { stepDeeper } from "./deep-round.ts";
import { deleteCondemnedBytes } from "./delete-bytes.ts";
import { restsUntil } from "./epoch.ts";
import { purgeGeneration } from "./purge-generation.ts";
import { type Sweep, sweepRepository } from "./sweep-repository.ts";

/** What one run of collection did, in all registries together. */
export interface Collection {
  /** Repositories that were looked through. */
  sweeps: number;
  /** Links that nothing pointed at. */
  links: number;
  condemned: number;
  condemnedBytes: number;
  revived: number;
  generations: number;
  /** What crashes had left: holders without links, and edges without manifests. */
  holders: number;
  edges: number;
  /** Of which the bytes are gone. */
  places: number;
  bytes: number;
  /** ms since 1970 by which the oldest place that is left should have been emptied; undefined when none waits. */
  oldest: number | undefined;
  /** Whether it stopped at its limit. */
  more: boolean;
  /** When there will be something to do, in ms since 1970, as far as is known. */
  next: number | undefined;
}

/** As the log calls it. */
const work = "collection";
const dayMillis = 24 * 3600 * 1000;
const pageItems = 100;
/** Pages of documents that one run may purge. */
const purgePages = 2_000;

/** One bounded run of online collection. Safe at any time and by several at once, while everybody pushes. */
export async function collect(ports: Ports, log: Log): Promise<Collection> {
  const done: Collection = {
    sweeps: 0,
    links: 0,
    condemned: 0,
    condemnedBytes: 0,
    revived: 0,
    generations: 0,
    holders: 0,
    edges: 0,
    places: 0,
    bytes: 0,
    oldest: undefined,
    more: false,
    next: await restsUntil(ports),
  };
  if (done.next !== undefined) return done;
  const accounts = new Set([ports.region, ...(ports.setApart ?? [])]);
  const budget = { pages: purgePages };
  // Behind the first that found its run's limit reached the next one begins.
  let endTurn: (() => Promise<void>) | undefined;
  for await (const { rid, end } of registriesInTurn(ports, work)) {
    const registry = (await readRegistry(ports, rid))?.document;
    if (registry === undefined) continue;
    accounts.add(registry.storage.account);
    if (registry.state !== "live") continue;
    const parts = [
      async () => await sweepRegistry(ports, log, registry, done),
      async () => await purgeGenerations(ports, log, registry, budget, done),
      async () => {
        if (await stepDeeper(ports, registry, done)) done.more = true;
      },
    ];
    for (const part of parts) await guarded(log, { work, registry: rid }, part);
    if (done.sweeps >= limits.sweepsPerRunMax || budget.pages <= 0) endTurn ??= end;
  }
  await endTurn?.();
  for (const account of accounts) {
    const reclaim = async () => await deleteCondemnedBytes(ports, log, account);
    const reclaimed = await guarded(log, { work, account }, reclaim);
    if (reclaimed === undefined) continue;
    const { places, bytes, revived, oldest, more, next } = reclaimed;
    done.places += places;
    done.bytes += bytes;
    done.revived += revived;
    done.oldest = earliest(done.oldest, oldest);
    done.more ||= more;
    done.next = earliest(done.next, next);
  }
  return done;
}

/** The registry's repositories that are due. */
async function sweepRegistry(
  ports: Ports,
  log: Log,
  registry: RegistryDocument,
  done: Collection,
): Promise<void> {
  const { rid } = registry;
  const due = await listDueSweeps(ports, rid, pageItems);
  for (const sweep of due) {
    if (done.sweeps >= limits.sweepsPerRunMax) break;
    const facts = { work, registry: rid, repository: sweep.document.repository };
    await guarded(log, facts, async () => {
      if (await beginSweep(ports, rid, sweep)) await sweepDue(ports, registry, sweep.document, done);
    });
  }
  const next = await nextSweep(ports, rid);
  if (next !== undefined && next <= ports.clock.now()) done.more = true;
  done.next = earliest(done.next, next);
}

/** One sweep that has begun. If it fails, it is due again a while later. */
async function sweepDue(
  ports: Ports,
  registry: RegistryDocument,
  { repository: name, after }: SweepDocument,
  done: Collection,
): Promise<void> {
  // A deletion that was cut short is brought to its end.
  await finishLeaving(ports, registry, name);
  const repository = await findRepository(ports, registry, name);
  const swept =
    repository === undefined
      ? { links: 0, condemned: 0, condemnedBytes: 0, after: undefined, next: undefined }
      : await sweepListed(ports, repository, after);
  await endSweep(ports, registry.rid, name, swept);
  done.sweeps += 1;
  done.links += swept.links;
  done.condemned += swept.condemned;
  done.condemnedBytes += swept.condemnedBytes;
}

/** Sweeps the repository, and lists it if whoever restored it came no further. */
async function sweepListed(ports: Ports, repository: Repository, after: string | undefined): Promise<Sweep> {
  const { registry, name, partition } = repository;
  if ((await readEntry(ports, registry.rid, name))?.document.rank === undefined) {
    const range = { after: ranks.manifests, before: endOfPrefix(ranks.manifests) };
    const first = await ports.documents.list(partition, { by: "rank", ...range, limit: 1, fresh: true });
    if (first.documents.length > 0) await listInCatalog(ports, repository, ports.ids.nonce());
  }
  return await sweepRepository(ports, repository, after);
}

/** Generations that the registry's repositories have left long enough ago. */
async function purgeGenerations(
  ports: Ports,
  log: Log,
  registry: RegistryDocument,
  budget: { pages: number },
  done: Collection,
): Promise<void> {
  const { purgeSeconds, skewSeconds } = ports.graces;
  const now = ports.clock.now() - skewSeconds * 1000;
  const days = registry.policies.softDelete?.days;
  const leftBefore = { purging: now - purgeSeconds * 1000, kept: now - (days ?? 0) * dayMillis };
  const due = await listDeletedBefore(ports, registry.rid, "purging", leftBefore.purging, pageItems);
  if (days !== undefined) {
    due.push(...(await listDeletedBefore(ports, registry.rid, "kept", leftBefore.kept, pageItems)));
  }
  const isDue = ({ state, deletedAt }: LeftGenerationDocument) => deletedAt <= leftBefore[state];
  for (const index of due) {
    const { repository, generation } = index.document;
    await guarded(log, { work, registry: registry.rid, repository, generation }, async () => {
      const outcome = await purgeGeneration(ports, registry, index, isDue, budget, done);
      if (outcome === "gone") done.generations += 1;
      else done.more = true;
    });
  }
  if (due.length >= pageItems) done.more = true;
  const [next] = await listDeletedBefore(ports, registry.rid, "purging", Number.MAX_SAFE_INTEGER - 1, 1);
  if (next !== undefined) {
    done.next = earliest(done.next, next.document.deletedAt + (purgeSeconds + skewSeconds) * 1000);
  }
}
