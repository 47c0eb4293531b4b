import { readAs } from "../catalog/commit.ts";
import {
  type EventCursorDocument,
  type RegistryUsageDocument,
  type RepositoryUsageDocument,
  schema,
} from "../catalog/documents.ts";
import { ids, partitions } from "../catalog/keys.ts";
import { readRegistry } from "../catalog/registries.ts";
import { limits } from "../domain/limits.ts";
import type { Document, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { Log } from "../telemetry/log.ts";
import { askForSweeps } from "./ask-for-sweeps.ts";
import { countUsage } from "./count-usage.ts";
import { type RegistryChanges, sortChanges } from "./sort-changes.ts";

/** How far a run came. */
export interface EventRun {
  /** Events and counters that it brought into the usage figures, repeated ones among them. */
  readonly counted: number;
  /** Whether it stopped at its limit, with changes left. */
  readonly more: boolean;
}

/**
 * Follows the store's changes from where the last run stopped, keeps the usage figures by them, and has repositories swept in which
 * something may be left behind. Safe to run at any time and
 * by many at once: each page is counted before the cursor moves past it, by compare-and-set, and counting it again changes
 * nothing. Who loses a race goes on from where the winner is.
 *
 * The figures and the cursor are changes themselves. They alone never move the cursor, or it would follow its own steps for ever.
 */
export async function consumeEvents(ports: Ports, log: Log): Promise<EventRun> {
  let counted = 0;
  let start = await readCursor(ports);
  let cursor = start?.document.cursor;
  let skipped = 0;
  for (let pages = 0; pages < limits.eventPagesPerRunMax; pages++) {
    const page = await ports.documents.changes(cursor, limits.eventPageChangesMax);
    if (page.changes.length === 0) return { counted, more: false };
    const registries = sortChanges(page.changes);
    skipped += page.changes.length;
    if (registries.size === 0 && skipped < limits.eventPageChangesMax) {
      cursor = page.cursor;
      continue;
    }
    const turn = start?.document.turn ?? 0;
    const later = await countAll(ports, log, registries, turn);
    if (later === undefined) {
      counted += sizeOf(registries);
      await moveCursor(ports, start, page.cursor, turn + 1);
    } else if ((await readCursor(ports))?.etag === start?.etag) {
      // The figures are ahead of the cursor, which a failover may have set back: it gives itself their turn.
      await moveCursor(ports, start, start?.document.cursor, later);
    }
    start = await readCursor(ports);
    cursor = start?.document.cursor;
    skipped = 0;
  }
  return { counted, more: true };
}

/** @returns the later turn of figures that somebody else has brought further; undefined when all is counted */
async function countAll(
  ports: Ports,
  log: Log,
  registries: ReadonlyMap<string, RegistryChanges>,
  turn: number,
): Promise<number | undefined> {
  for (const [rid, changes] of registries) {
    // Of a registry that is being deleted nothing is kept, and nothing may be written anew.
    if ((await readRegistry(ports, rid))?.document.state !== "live") continue;
    await askForSweeps(ports, rid, changes.generations.values());
    const outcome = await countUsage(ports, rid, changes, turn);
    if (outcome.outcome === "overtaken") return outcome.turn;
    for (const document of outcome.written) tell(log, rid, document);
  }
  return undefined;
}

async function readCursor(ports: Ports): Promise<Stored<EventCursorDocument> | undefined> {
  return await readAs(ports.documents, partitions.operations, ids.eventCursor, "event-cursor");
}

/** Whether it moved, who reads it again finds out. */
async function moveCursor(
  ports: Ports,
  from: Stored<EventCursorDocument> | undefined,
  cursor: string | undefined,
  turn: number,
): Promise<void> {
  const document: EventCursorDocument = {
    id: ids.eventCursor,
    kind: "event-cursor",
    schema,
    writer: ports.ids.nonce(),
    ...(cursor === undefined ? {} : { cursor }),
    turn,
  };
  await ports.documents.commit(partitions.operations, [
    from === undefined ? { op: "create", document } : { op: "replace", document, etag: from.etag },
  ]);
}

function sizeOf(registries: ReadonlyMap<string, RegistryChanges>): number {
  let size = 0;
  for (const { shards, generations } of registries.values()) {
    size += shards.size;
    for (const { events } of generations.values()) size += events.length;
  }
  return size;
}

/** One line a registry at `info`, one a repository at `debug`. */
function tell(log: Log, registry: string, document: Document): void {
  if (document.kind === "registry-usage") {
    const { bytes, blobs } = document as RegistryUsageDocument;
    log.write("info", "upkeep", { work: "usage", registry, bytes, blobs });
  } else {
    const { repository, figures } = document as RepositoryUsageDocument;
    log.write("debug", "upkeep", { work: "usage", registry, repository, ...figures });
  }
}
