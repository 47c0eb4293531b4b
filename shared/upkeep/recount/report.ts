import { readAs } from "../../catalog/commit.ts";
import { schema } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import type { Document, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";

/** Figures that were not what a recount found, and have been mended. */
export interface Drift {
  readonly of: "shard" | "repository" | "registry";
  /** The shard's hex digits, the repository with its generation, or `live` and `left` of the registry. */
  readonly name: string;
  /** What differed: as it was kept, and as it was counted. */
  readonly kept: Readonly<Record<string, number>>;
  readonly counted: Readonly<Record<string, number>>;
}

/** What a recount found. Times are ms since 1970. */
export interface RecountFindings {
  readonly startedAt: number;
  readonly shards: number;
  readonly repositories: number;
  /** Shards and repositories that were written to each time that they were counted: nothing is known of them. */
  readonly unsettled: number;
  /** The first of them; `drifts` counts them all. */
  readonly drift: readonly Drift[];
  readonly drifts: number;
}

/** The latest recount of a registry that came to its end. */
export interface RecountReportDocument extends Document, RecountFindings {
  readonly kind: "recount-report";
  readonly endedAt: number;
}

/** How far a recount is. */
export interface RecountDocument extends Document, RecountFindings {
  readonly kind: "recount";
  /** Names this recount. */
  readonly pass: string;
  /** Parts of the shards that are done, and then the catalog's entry that was done last. */
  readonly parts: number;
  readonly after?: string;
}

const driftsListedMax = 100;

/** The latest recount of the registry. Undefined: none has come to its end yet. One read. */
export async function readRecountReport(
  ports: Pick<Ports, "documents">,
  rid: string,
): Promise<RecountReportDocument | undefined> {
  const stored = await readAs<RecountReportDocument>(
    ports.documents,
    partitions.usage(rid),
    ids.recountReport,
    "recount-report",
  );
  return stored?.document;
}

export async function readRecount(
  ports: Pick<Ports, "documents">,
  rid: string,
): Promise<Stored<RecountDocument> | undefined> {
  return await readAs<RecountDocument>(ports.documents, partitions.usage(rid), ids.recount, "recount");
}

export function newRecount(ports: Ports): RecountDocument {
  const writer = ports.ids.nonce();
  return {
    id: ids.recount,
    kind: "recount",
    schema,
    writer,
    pass: writer,
    parts: 0,
    startedAt: ports.clock.now(),
    shards: 0,
    repositories: 0,
    unsettled: 0,
    drift: [],
    drifts: 0,
  };
}

/** The report of a recount that has come to its end. */
export function reportOf(ports: Ports, recount: RecountDocument): RecountReportDocument {
  const { startedAt, shards, repositories, unsettled, drift, drifts } = recount;
  return {
    id: ids.recountReport,
    kind: "recount-report",
    schema,
    writer: recount.writer,
    startedAt,
    endedAt: ports.clock.now(),
    shards,
    repositories,
    unsettled,
    drift,
    drifts,
  };
}

/** The recount with what was found since. */
export function withFindings(
  recount: RecountDocument,
  found: readonly Drift[],
  unsettled: number,
): RecountDocument {
  return {
    ...recount,
    drift: [...recount.drift, ...found].slice(0, driftsListedMax),
    drifts: recount.drifts + found.length,
    unsettled: recount.unsettled + unsettled,
  };
}

/** What differs between two sets of figures. Undefined: nothing. */
export function driftOf<Figures extends object>(
  of: Drift["of"],
  name: string,
  kept: Figures,
  counted: Figures,
): Drift | undefined {
  const keys = Object.keys(counted) as (keyof Figures & string)[];
  const different = keys.filter((key) => kept[key] !== counted[key]);
  if (different.length === 0) return undefined;
  const some = (figures: Figures) =>
    Object.fromEntries(different.map((key) => [key, Number(figures[key] ?? 0)]));
  return { of, name, kept: some(kept), counted: some(counted) };
}
