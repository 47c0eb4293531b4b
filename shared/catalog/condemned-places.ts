import type { Place } from "../domain/place.ts";
import type { Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { CondemnedPlaceDocument } from "./collection-documents.ts";
import { commitIdempotent } from "./commit.ts";
import { type BlobDocument, schema } from "./documents.ts";
import { ids, partitions, ranks } from "./keys.ts";

const dayMillis = 24 * 3600 * 1000;

/** Has bytes deleted once the last request that may still read them is over. */
export async function condemnPlace(ports: Ports, place: Place): Promise<void> {
  await condemn(ports, place, ports.clock.now() + ports.graces.requestSeconds * 1000, {});
}

/**
 * Has the bytes of condemned blobs deleted, and their documents after them. Whoever condemned them may have ended before this, long
 * ago: then they go under today, since days that are over are not looked at again.
 */
export async function condemnBlobs(ports: Ports, rid: string, blobs: readonly BlobDocument[]): Promise<void> {
  const now = ports.clock.now();
  await Promise.all(
    blobs.map(async ({ place, digest, size, deleteAfter = now }) => {
      await condemn(ports, place, Math.max(deleteAfter, now), { rid, digest, size });
    }),
  );
}

async function condemn(
  ports: Ports,
  place: Place,
  deleteAfter: number,
  facts: Pick<CondemnedPlaceDocument, "rid" | "digest" | "size">,
): Promise<void> {
  const id = ids.place(place);
  const document: CondemnedPlaceDocument = {
    id,
    kind: "condemned-place",
    schema,
    writer: ports.ids.nonce(),
    rank: ranks.due(deleteAfter, id),
    place,
    deleteAfter,
    ...facts,
  };
  await commitIdempotent(ports.documents, partitions.condemned(place.account, dayOf(deleteAfter)), [
    { op: "upsert", document },
  ]);
}

/** Places of that day whose time has come, the longest waiting first. One range read. @param until ms since 1970 */
export async function listCondemnedPlaces(
  ports: Ports,
  account: string,
  day: string,
  until: number,
  limit: number,
): Promise<{ places: Stored<CondemnedPlaceDocument>[]; more: boolean }> {
  const page = await ports.documents.list(partitions.condemned(account, day), {
    by: "rank",
    before: ranks.due(until + 1, ""),
    limit,
    fresh: true,
  });
  return { places: page.documents as Stored<CondemnedPlaceDocument>[], more: page.more };
}

/** In UTC, `yyyy-mm-dd`. */
export function dayOf(millis: number): string {
  return new Date(millis).toISOString().slice(0, 10);
}

export function dayAfter(day: string): string {
  return dayOf(Date.parse(day) + dayMillis);
}
