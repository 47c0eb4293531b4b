import type { EpochDocument } from "../../catalog/collection-documents.ts";
import { readAs } from "../../catalog/commit.ts";
import { dayAfter, dayOf } from "../../catalog/condemned-places.ts";
import { schema } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import { listRegistries, readRegistry } from "../../catalog/registries.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { limits } from "../../domain/limits.ts";
import type { StoredBytes } from "../../ports/blob-store.ts";
import type { Document, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import type { Log } from "../../telemetry/log.ts";
import { restsUntil } from "../collection/epoch.ts";
import type { Budget } from "../document-pages.ts";
import { guarded } from "../guarded.ts";
import { isNamed, keepUnnamed } from "./named-places.ts";

/** How far the search is in the days of a registry's container. */
interface OrphanCursorDocument extends Document {
  readonly kind: "orphan-cursor";
  /** `yyyy-mm-dd`: on no earlier day is there an orphan. */
  readonly day: string;
  /** When another begins, documents may have been lost, and all days are looked at again. */
  readonly epoch: number;
}

const dayMillis = 24 * 3600 * 1000;
/** Places after which no further day is begun: they are kept in memory. */
const placesPerSearch = 50_000;
const atOnce = 16;

/**
 * Deletes bytes that no document names, and none ever will: a process ended between storing and naming them. They lie below the day on
 * which their upload began, and no upload of that day can be at work any more. One bounded run; the next goes on from there.
 * @returns whether something is left to do now
 */
export async function collectOrphans(ports: Ports, log: Log): Promise<{ more: boolean }> {
  if ((await restsUntil(ports)) !== undefined) return { more: false };
  const budget = { pages: limits.recountPagesPerRunMax };
  for (let after: string | undefined, more = true; more; ) {
    const page = await listRegistries(ports, after, limits.pageItemsMax);
    for (const { rid } of page.registries) {
      const registry = (await readRegistry(ports, rid))?.document;
      if (registry?.state !== "live") continue;
      if (budget.pages <= 0) return { more: true };
      const facts = { work: "orphans", registry: rid };
      await guarded(log, facts, async () => await collectFrom(ports, log, registry, budget));
    }
    after = page.registries.at(-1)?.rid;
    more = page.more;
  }
  return { more: false };
}

/** The days of one registry that are old enough, as many as the budget allows. */
async function collectFrom(
  ports: Ports,
  log: Log,
  registry: RegistryDocument,
  budget: Budget,
): Promise<void> {
  const { rid } = registry;
  const cursor = await readCursor(ports, rid);
  const epoch = await readEpoch(ports);
  const from = cursor?.document.epoch === epoch ? cursor.document.day : firstDay(registry);
  const found = await findOrphans(ports, registry, from, budget);
  const bytes = found.orphans.reduce((sum, { size }) => sum + size, 0);
  for (let at = 0; at < found.orphans.length; at += atOnce) {
    const some = found.orphans.slice(at, at + atOnce);
    await Promise.all(some.map(async ({ place }) => await ports.blobs.delete(place)));
  }
  if (found.orphans.length > 0) {
    log.write("info", "upkeep", { work: "orphans", registry: rid, orphans: found.orphans.length, bytes });
  }
  if (found.day === cursor?.document.day && epoch === cursor.document.epoch) return;
  await moveCursor(ports, rid, cursor, { day: found.day, epoch });
}

/**
 * Bytes of a registry, from a day on, that no document names and none will. Deletes nothing: also for showing what would go.
 * @param from `yyyy-mm-dd`
 * @returns the day from which to go on
 */
export async function findOrphans(
  ports: Ports,
  registry: RegistryDocument,
  from: string,
  budget: Budget,
): Promise<{ orphans: StoredBytes[]; day: string }> {
  const orphans: StoredBytes[] = [];
  const unknown = new Map<string, StoredBytes>();
  const last = lastDay(ports);
  let day = from;
  for (
    ;
    day <= last && budget.pages > 0 && unknown.size + orphans.length < placesPerSearch;
    day = dayAfter(day)
  ) {
    for await (const page of pagesOf(ports, registry, day, budget)) {
      for (let at = 0; at < page.length; at += atOnce) {
        await Promise.all(
          page.slice(at, at + atOnce).map(async (stored) => {
            const { place, properties } = stored;
            if (properties?.registry !== registry.rid) unknown.set(place.name, stored);
            else if (!(await isNamed(ports, registry, place, properties))) orphans.push(stored);
          }),
        );
      }
    }
  }
  if (unknown.size > 0) await keepUnnamed(ports, registry, unknown, budget);
  return { orphans: [...orphans, ...unknown.values()], day };
}

async function* pagesOf(
  ports: Ports,
  { storage }: RegistryDocument,
  day: string,
  budget: Budget,
): AsyncGenerator<readonly StoredBytes[], void, undefined> {
  for (let after: string | undefined, more = true; more; ) {
    budget.pages -= 1;
    const page = await ports.blobs.list(storage, {
      prefix: `u/${day}/`,
      limit: limits.pageItemsMax,
      ...(after === undefined ? {} : { after }),
    });
    yield page.stored;
    after = page.next;
    more = after !== undefined;
  }
}

/** The first day on which something may have been stored. Clocks differ. */
export function firstDay(registry: RegistryDocument): string {
  return dayOf(registry.createdAt - dayMillis);
}

/** The last day of which no upload can be at work any more. */
function lastDay(ports: Ports): string {
  const { requestSeconds, skewSeconds } = ports.graces;
  const request = Math.max(requestSeconds, limits.requestSecondsMax);
  const uploadMillis = (limits.uploadSecondsMax + request + skewSeconds) * 1000;
  return dayOf(ports.clock.now() - uploadMillis - dayMillis);
}

async function readCursor(ports: Ports, rid: string): Promise<Stored<OrphanCursorDocument> | undefined> {
  return await readAs(ports.documents, partitions.usage(rid), ids.orphanCursor, "orphan-cursor");
}

async function readEpoch(ports: Ports): Promise<number> {
  const stored = await readAs<EpochDocument>(ports.documents, partitions.operations, ids.epoch, "epoch");
  return stored?.document.epoch ?? 0;
}

/** Who loses a race has found the same. */
async function moveCursor(
  ports: Ports,
  rid: string,
  before: Stored<OrphanCursorDocument> | undefined,
  to: Pick<OrphanCursorDocument, "day" | "epoch">,
): Promise<void> {
  const document: OrphanCursorDocument = {
    id: ids.orphanCursor,
    kind: "orphan-cursor",
    schema,
    writer: ports.ids.nonce(),
    ...to,
  };
  await ports.documents.commit(partitions.usage(rid), [
    before === undefined ? { op: "create", document } : { op: "replace", document, etag: before.etag },
  ]);
}
