import type { CondemnedPlaceDocument } from "../../catalog/collection-documents.ts";
import { readAs, untilSettled } from "../../catalog/commit.ts";
import { dayAfter, dayOf, listCondemnedPlaces } from "../../catalog/condemned-places.ts";
import { schema } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import { countOperation, readBlob, readCounter } from "../../catalog/shards.ts";
import { limits } from "../../domain/limits.ts";
import { samePlace } from "../../domain/place.ts";
import type { Document, Operation, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import type { Log } from "../../telemetry/log.ts";
import { deleteAll } from "./sweep-repository.ts";

/** How far a collector is in the days of an account. */
export interface ReclaimCursorDocument extends Document {
  readonly kind: "reclaim-cursor";
  /** `yyyy-mm-dd`: no earlier day has a condemned place. */
  readonly day: string;
}

export interface Reclaimed {
  places: number;
  bytes: number;
  /** Blobs that somebody pushed again while they were condemned: they have bytes of their own. */
  revived: number;
  /** ms since 1970 by which the oldest that is left should have gone; undefined when none is. */
  oldest: number | undefined;
  more: boolean;
  /** When the next place is due, in ms since 1970, as far as is known. */
  next: number | undefined;
}

const pageItems = 200;
const deletionsAtOnce = 16;
const dayMillis = 24 * 3600 * 1000;
/** Where it begins when it has never run. */
const daysBack = 40;

/**
 * Deletes the bytes at condemned places whose time has come, and then the documents of the condemned blobs, by their etags with the
 * shards' counters. A place is never used again, so its bytes can go whatever has become of the digest.
 */
export async function deleteCondemnedBytes(ports: Ports, log: Log, account: string): Promise<Reclaimed> {
  const reclaimed: Reclaimed = {
    places: 0,
    bytes: 0,
    revived: 0,
    oldest: undefined,
    more: false,
    next: undefined,
  };
  const now = ports.clock.now();
  const cursor = await readCursor(ports, account);
  // A process whose clock is behind may still add to yesterday.
  const settled = dayOf(now - dayMillis);
  let day = cursor?.document.day ?? dayOf(now - daysBack * dayMillis);
  let left = limits.placesPerRunMax;
  for (let today = day; today <= dayOf(now); today = dayAfter(today)) {
    const { places, more, stuck } = await emptyDay(ports, log, account, today, left, reclaimed);
    left -= places;
    if (more) {
      reclaimed.more = true;
      break;
    }
    if (day === today && today < settled && !stuck) day = dayAfter(today);
  }
  if (!reclaimed.more) reclaimed.next = await nextPlace(ports, account, dayOf(now));
  if (day !== cursor?.document.day) await moveCursor(ports, account, cursor, day);
  return reclaimed;
}

/** When the first place of the day, or of the one after it, is due. */
async function nextPlace(ports: Ports, account: string, day: string): Promise<number | undefined> {
  for (const some of [day, dayAfter(day)]) {
    const { places } = await listCondemnedPlaces(ports, account, some, Number.MAX_SAFE_INTEGER - 1, 1);
    if (places[0] !== undefined) return places[0].document.deleteAfter;
  }
  return undefined;
}

/** One day's places that are due. @returns also whether some would not go: the cursor waits for them */
async function emptyDay(
  ports: Ports,
  log: Log,
  account: string,
  day: string,
  most: number,
  reclaimed: Reclaimed,
): Promise<{ places: number; more: boolean; stuck: boolean }> {
  const partition = partitions.condemned(account, day);
  for (let places = 0; ; ) {
    const now = ports.clock.now();
    const page = await listCondemnedPlaces(ports, account, day, now, Math.min(pageItems, most - places + 1));
    const [first] = page.places;
    if (first === undefined) return { places, more: false, stuck: false };
    if (places >= most) {
      reclaimed.oldest ??= first.document.deleteAfter;
      return { places, more: true, stuck: false };
    }
    const gone = await deletePlaces(ports, log, page.places, reclaimed);
    await deleteAll(ports, partition, gone);
    places += page.places.length;
    // What would not go is tried again by the next run.
    if (gone.length < page.places.length) {
      reclaimed.oldest ??= first.document.deleteAfter;
      return { places, more: false, stuck: true };
    }
  }
}

/** @returns those of which nothing is left */
async function deletePlaces(
  ports: Ports,
  log: Log,
  places: readonly Stored<CondemnedPlaceDocument>[],
  reclaimed: Reclaimed,
): Promise<Stored<CondemnedPlaceDocument>[]> {
  const gone: Stored<CondemnedPlaceDocument>[] = [];
  const blobs: Stored<CondemnedPlaceDocument>[] = [];
  for (let from = 0; from < places.length; from += deletionsAtOnce) {
    await Promise.all(
      places.slice(from, from + deletionsAtOnce).map(async (stored) => {
        const { place, digest, size = 0 } = stored.document;
        try {
          if (await isLive(ports, stored.document)) {
            log.write("error", "failure", { work: "collection", error: "a live blob was condemned", digest });
            return;
          }
          await ports.blobs.delete(place);
          reclaimed.places += 1;
          reclaimed.bytes += size;
          (digest === undefined ? gone : blobs).push(stored);
        } catch (error) {
          log.write("warn", "failure", { work: "collection", place: place.name, error: String(error) });
        }
      }),
    );
  }
  await Promise.all(
    [...byShard(blobs)].map(async ([partition, some]) => {
      reclaimed.revived += await removeBlobs(ports, partition, some);
      gone.push(...some);
    }),
  );
  return gone;
}

/** Whether the place is a live blob's after all, which would break the order in which everything is written. */
async function isLive(ports: Ports, { rid, digest, place }: CondemnedPlaceDocument): Promise<boolean> {
  if (rid === undefined || digest === undefined) return false;
  const blob = await readBlob(ports, partitions.shard(rid, digest), digest);
  return blob?.document.state === "live" && samePlace(blob.document.place, place);
}

function byShard(
  places: readonly Stored<CondemnedPlaceDocument>[],
): Map<string, Stored<CondemnedPlaceDocument>[]> {
  const shards = new Map<string, Stored<CondemnedPlaceDocument>[]>();
  for (const stored of places) {
    const { rid, digest } = stored.document;
    if (rid === undefined || digest === undefined) continue;
    const partition = partitions.shard(rid, digest);
    shards.set(partition, [...(shards.get(partition) ?? []), stored]);
  }
  return shards;
}

/** Removes the documents of condemned blobs whose bytes are gone. @returns how many have been pushed again instead */
async function removeBlobs(
  ports: Ports,
  partition: string,
  places: readonly Stored<CondemnedPlaceDocument>[],
): Promise<number> {
  return await untilSettled(async () => {
    const counter = await readCounter(ports, partition);
    const blobs = await Promise.all(
      places.map(async ({ document: { digest } }) =>
        digest === undefined ? undefined : await readBlob(ports, partition, digest),
      ),
    );
    const removed = blobs.flatMap((blob, index) => {
      const place = places[index]?.document.place;
      const same = blob !== undefined && place !== undefined && samePlace(blob.document.place, place);
      return same && blob.document.state === "condemned" ? [blob] : [];
    });
    const revived = blobs.filter((blob) => blob?.document.state === "live").length;
    // Nobody else has it: what is gone is not counted, even if only a part of this is applied.
    const some = removed.slice(0, limits.commitOperationsMax - 1);
    if (some.length === 0) return revived;
    const operations: Operation[] = some.map(({ document, etag }) => ({
      op: "delete",
      id: document.id,
      etag,
    }));
    const counted = countOperation(counter, ports.ids.nonce(), {
      removed: some.map(({ document }) => document),
    });
    const outcome = await ports.documents.commit(partition, [...operations, counted]);
    return outcome === "committed" && some.length === removed.length ? revived : undefined;
  });
}

async function readCursor(ports: Ports, account: string): Promise<Stored<ReclaimCursorDocument> | undefined> {
  const id = ids.reclaimCursor(account);
  return await readAs<ReclaimCursorDocument>(ports.documents, partitions.operations, id, "reclaim-cursor");
}

/** Whether it moved does not matter: another run may have moved it, and days that are empty are looked at again. */
async function moveCursor(
  ports: Ports,
  account: string,
  from: Stored<ReclaimCursorDocument> | undefined,
  day: string,
): Promise<void> {
  const document: ReclaimCursorDocument = {
    id: ids.reclaimCursor(account),
    kind: "reclaim-cursor",
    schema,
    writer: ports.ids.nonce(),
    day,
  };
  await ports.documents.commit(partitions.operations, [
    from === undefined ? { op: "create", document } : { op: "replace", document, etag: from.etag },
  ]);
}
