import type { CatalogEntryDocument } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import { readRegistry } from "../../catalog/registries.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { limits } from "../../domain/limits.ts";
import type { Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import type { Log } from "../../telemetry/log.ts";
import { consumeEvents } from "../consume-events.ts";
import type { Budget } from "../document-pages.ts";
import { guarded } from "../guarded.ts";
import { registriesInTurn } from "../turn.ts";
import { type Generation, generationsOf, recountGenerations } from "./recount-generations.ts";
import { recountPart, shardParts } from "./recount-parts.ts";
import { recountSums } from "./recount-sums.ts";
import {
  newRecount,
  type RecountDocument,
  type RecountReportDocument,
  readRecount,
  readRecountReport,
  reportOf,
  withFindings,
} from "./report.ts";

const repositoriesAtOnce = 50;
/** Of the event consumer. If that is not enough, what is counted meanwhile has changed, and is counted again. */
const drainRunsMax = 20;

/**
 * Counts anew the usage of each registry whose last recount is `recountSeconds` old, tells what was wrong, and mends it. One
 * bounded run: a recount that is cut short is gone on with by the next.
 * @returns whether something is left to do now
 */
export async function reconcileUsage(ports: Ports, log: Log): Promise<{ more: boolean }> {
  const budget = { pages: limits.recountPagesPerRunMax };
  let endTurn: (() => Promise<void>) | undefined;
  for await (const { rid, end } of registriesInTurn(ports, "recount")) {
    const registry = (await readRegistry(ports, rid))?.document;
    if (registry?.state !== "live") continue;
    const outcome = await guarded(log, { work: "recount", registry: rid }, async () => {
      if (!(await isDue(ports, rid))) return "not due";
      return (await recountRegistry(ports, log, registry, budget)) === undefined ? "unfinished" : "ended";
    });
    if (outcome === "unfinished") {
      await endTurn?.();
      return { more: true };
    }
    // Nor does one that fails keep the others from their turn.
    if (outcome !== "not due") endTurn = end;
  }
  return { more: false };
}

async function isDue(ports: Ports, rid: string): Promise<boolean> {
  if ((await readRecount(ports, rid)) !== undefined) return true;
  const report = await readRecountReport(ports, rid);
  return report === undefined || ports.clock.now() >= report.startedAt + ports.graces.recountSeconds * 1000;
}

/**
 * Goes on with the registry's recount, or begins one: its shards and what their holders keep, then each repository, then the sums
 * of all of them.
 * @returns the report; undefined when the budget ran out, or another process went on with it
 */
export async function recountRegistry(
  ports: Ports,
  log: Log,
  registry: RegistryDocument,
  budget: Budget,
): Promise<RecountReportDocument | undefined> {
  const { rid } = registry;
  const drain = async () => {
    for (let runs = 0; runs < drainRunsMax; runs++) if (!(await consumeEvents(ports, log)).more) return;
  };
  let at = (await readRecount(ports, rid)) ?? (await write(ports, rid, undefined, newRecount(ports)));
  while (at !== undefined && at.document.parts < shardParts) {
    if (budget.pages <= 0) return undefined;
    at = await write(ports, rid, at, await recountPart(ports, rid, at.document, drain, budget));
  }
  for (let more = true; more && at !== undefined; ) {
    if (budget.pages <= 0) return undefined;
    const next = await recountSome(ports, registry, at.document, drain, budget);
    more = next.more;
    at = await write(ports, rid, at, next.document);
  }
  if (at === undefined) return undefined;
  const ended = await recountSums(ports, registry, at.document, drain, budget);
  return await finish(ports, log, rid, at, ended);
}

/** The next repositories of the catalog. */
async function recountSome(
  ports: Ports,
  registry: RegistryDocument,
  recount: RecountDocument,
  drain: () => Promise<void>,
  budget: Budget,
): Promise<{ document: RecountDocument; more: boolean }> {
  const page = await ports.documents.list(partitions.catalog(registry.rid), {
    by: "id",
    ...(recount.after === undefined ? {} : { after: recount.after }),
    limit: repositoriesAtOnce,
    fresh: true,
  });
  const generations: Generation[] = [];
  for (const { document } of page.documents) {
    const { repository } = document as CatalogEntryDocument;
    generations.push(...(await generationsOf(ports, registry, repository)));
  }
  const found = await recountGenerations(ports, registry, generations, recount, drain, budget);
  const after = page.documents.at(-1)?.document.id;
  const document = {
    ...withFindings(recount, found.drift, found.unsettled),
    repositories: recount.repositories + page.documents.length,
    ...(after === undefined ? {} : { after }),
  };
  return { document, more: page.more };
}

/** @returns undefined when another process has gone on with the recount */
async function write(
  ports: Ports,
  rid: string,
  before: Stored<RecountDocument> | undefined,
  recount: RecountDocument,
): Promise<Stored<RecountDocument> | undefined> {
  const document = { ...recount, writer: ports.ids.nonce() };
  await ports.documents.commit(partitions.usage(rid), [
    before === undefined ? { op: "create", document } : { op: "replace", document, etag: before.etag },
  ]);
  const now = await readRecount(ports, rid);
  return now?.document.writer === document.writer ? now : undefined;
}

/** The report takes the place of what was under way. */
async function finish(
  ports: Ports,
  log: Log,
  rid: string,
  at: Stored<RecountDocument>,
  ended: RecountDocument,
): Promise<RecountReportDocument | undefined> {
  const report = reportOf(ports, ended);
  const outcome = await ports.documents.commit(partitions.usage(rid), [
    { op: "upsert", document: report },
    { op: "delete", id: ids.recount, etag: at.etag },
  ]);
  if (outcome === "conflict") return undefined;
  const { shards, repositories, unsettled, drifts } = report;
  const figures = { work: "recount", registry: rid, shards, repositories, unsettled, drifts };
  log.write(drifts > 0 ? "warn" : "info", "upkeep", figures);
  for (const { of, name, kept, counted } of report.drift) {
    log.write("warn", "upkeep", {
      work: "recount",
      registry: rid,
      of,
      name,
      kept: JSON.stringify(kept),
      counted: JSON.stringify(counted),
    });
  }
  return report;
}
