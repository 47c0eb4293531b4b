import type { Digest } from "../domain/digest.ts";
import type { Place } from "../domain/place.ts";
import type { Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { UnlinkedDocument } from "./collection-documents.ts";
import { EventedChange, leaseHolds, newEvent, newLease, readAs, untilSettled } from "./commit.ts";
import {
  type BlobDocument,
  type EventAction,
  type HolderDocument,
  type LinkDocument,
  schema,
} from "./documents.ts";
import { endOfPrefix, ids, partitions } from "./keys.ts";
import type { Repository } from "./repositories.ts";
import { countOperation, readBlob, readCounter } from "./shards.ts";

/** Bytes that this request committed and that no document names yet. */
export interface OwnBytes {
  readonly place: Place;
  readonly size: number;
}

/** The link by which this repository may read the blob. One read. */
export async function findLink(
  ports: Ports,
  repository: Repository,
  digest: Digest,
): Promise<Stored<LinkDocument> | undefined> {
  return await readAs<LinkDocument>(ports.documents, repository.partition, ids.link(digest), "link");
}

/**
 * Makes the blob readable in the repository: blob commit { counter, blob, holder }, then { link, event }.
 *
 * A blob that is there already and live keeps its place; one that is condemned moves to `own`. Without `own` the blob must be
 * there and live.
 * @returns the link, whose place is `own.place` only if these bytes are used; undefined when there are no bytes to link to
 */
export async function holdBlob(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  own: OwnBytes | undefined,
  action: EventAction,
): Promise<LinkDocument | undefined> {
  const before = await findLink(ports, repository, digest);
  if (before !== undefined && leaseHolds(ports, before.document.leaseUntil)) return before.document;
  const writer = ports.ids.nonce();
  const blob = await untilSettled(() => commitBlob(ports, repository, digest, own, writer));
  return blob === "absent" ? undefined : await writeLink(ports, repository, blob, before, action);
}

/** @param before the link that is there already, as far as is known; its lease ends soon */
async function writeLink(
  ports: Ports,
  repository: Repository,
  { digest, size, place, committedAt, writer }: BlobDocument,
  before: Stored<LinkDocument> | undefined,
  action: EventAction,
): Promise<LinkDocument> {
  const { partition } = repository;
  const leaseUntil = newLease(ports);
  const facts = { digest, size, place, committedAt, leaseUntil };
  const document: LinkDocument = { id: ids.link(digest), kind: "link", schema, writer, ...facts };
  const event = newEvent(ports, action, writer, repository, { digest, size });
  // With its event, a link whose writing was given up and repeated cannot come late, after its deletion.
  const change = new EventedChange(ports.documents, partition, event);
  let there = before;
  return await untilSettled(async () => {
    const committed =
      there === undefined
        ? await change.commit([{ op: "create", document }], { usage: { blobs: 1, blobBytes: size } })
        : await change.commit([{ op: "replace", document, etag: there.etag }]);
    if (committed) return document;
    there = await findLink(ports, repository, digest);
    return undefined;
  });
}

/**
 * One attempt at the blob commit. Undefined: start over; that an earlier attempt was applied, or may still be, does no harm, since
 * each replaces the counter and what is live is not counted again.
 */
async function commitBlob(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  own: OwnBytes | undefined,
  writer: string,
): Promise<BlobDocument | "absent" | undefined> {
  const partition = partitions.shard(repository.registry.rid, digest);
  const [stored, counter] = await Promise.all([
    readBlob(ports, partition, digest),
    readCounter(ports, partition),
  ]);
  const live = stored?.document.state === "live" ? stored.document : undefined;
  if (live === undefined && own === undefined) return "absent";
  const now = ports.clock.now();
  const bytes = live ?? own;
  if (bytes === undefined) return "absent";
  const blob: BlobDocument = {
    id: ids.blob(digest),
    kind: "blob",
    schema,
    writer,
    digest,
    size: bytes.size,
    place: bytes.place,
    state: "live",
    leaseUntil: Math.max(live?.leaseUntil ?? 0, newLease(ports)),
    committedAt: live?.committedAt ?? now,
  };
  const holder: HolderDocument = {
    id: ids.holder(digest, repository.name, repository.generation),
    kind: "holder",
    schema,
    writer,
    digest,
    repository: repository.name,
    generation: repository.generation,
    since: now,
  };
  // The counter is what concurrent pushes contend for, so it goes first and fails before anything else is tried.
  const outcome = await ports.documents.commit(partition, [
    countOperation(counter, writer, live === undefined ? { added: blob, revived: stored?.document } : {}),
    stored === undefined
      ? { op: "create", document: blob }
      : { op: "replace", document: blob, etag: stored.etag },
    { op: "upsert", document: holder },
  ]);
  return outcome === "committed" ? blob : undefined;
}

/**
 * Makes sure that the link outlives this request, so that a document may be written that relies on it.
 * @returns the link, or undefined when the repository cannot read the blob
 */
export async function leaseLink(
  ports: Ports,
  repository: Repository,
  digest: Digest,
): Promise<LinkDocument | undefined> {
  const result = await untilSettled(async () => {
    const link = await findLink(ports, repository, digest);
    if (link === undefined) return "absent";
    if (leaseHolds(ports, link.document.leaseUntil)) return link.document;
    const document: LinkDocument = {
      ...link.document,
      leaseUntil: newLease(ports),
      writer: ports.ids.nonce(),
    };
    const outcome = await ports.documents.commit(repository.partition, [
      { op: "replace", document, etag: link.etag },
    ]);
    return outcome === "committed" ? document : undefined;
  });
  return result === "absent" ? undefined : result;
}

/** Takes the blob from the repository; holder and bytes fall to collection. @returns false when it was not there */
export async function unlinkBlob(ports: Ports, repository: Repository, digest: Digest): Promise<boolean> {
  const writer = ports.ids.nonce();
  const event = newEvent(ports, "blob-delete", writer, repository, { digest });
  const change = new EventedChange(ports.documents, repository.partition, event);
  return await untilSettled(async () => {
    const link = await findLink(ports, repository, digest);
    if (link === undefined) return await change.isCommitted();
    const { size } = link.document;
    const usage = { blobs: -1, blobBytes: -size };
    return (await change.commit(unlinkOperations(ports, link), { size, usage })) ? true : undefined;
  });
}

/** The link's deletion, and the note by which collection finds what it relied on. */
export function unlinkOperations(ports: Ports, link: Stored<LinkDocument>): Operation[] {
  const { digest, id } = link.document;
  const document: UnlinkedDocument = {
    id: ids.unlinked(digest),
    kind: "unlinked",
    schema,
    writer: ports.ids.nonce(),
    digest,
    since: ports.clock.now(),
  };
  return [
    { op: "upsert", document },
    { op: "delete", id, etag: link.etag },
  ];
}

/** Some repositories of the registry that hold the blob. @param limit how many holders to look at */
export async function listHolders(
  ports: Ports,
  rid: string,
  digest: Digest,
  limit: number,
): Promise<HolderDocument[]> {
  const prefix = ids.holders(digest);
  const page = await ports.documents.list(partitions.shard(rid, digest), {
    by: "id",
    after: prefix,
    before: endOfPrefix(prefix),
    limit,
    fresh: true,
  });
  return page.documents.map((stored) => stored.document as HolderDocument);
}
