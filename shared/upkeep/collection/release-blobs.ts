import { listHolders } from "../../catalog/blobs.ts";
import { leaseIsOver, readAs, untilSettled } from "../../catalog/commit.ts";
import { condemnBlobs } from "../../catalog/condemned-places.ts";
import type { BlobDocument, HolderDocument } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import type { Repository } from "../../catalog/repositories.ts";
import { countOperation, readBlob, readCounter } from "../../catalog/shards.ts";
import type { Digest } from "../../domain/digest.ts";
import type { Operation, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";

/** Holders taken in one commit, each with its blob, beside the counter. */
const holdersPerCommit = 45;
const shardsAtOnce = 8;

/** What became of the holders that a generation of a repository had. */
export interface Release {
  /** Blobs that the repository does not hold any more, or is linked to again. */
  readonly settled: Digest[];
  /** Blobs that nobody held any more. */
  readonly condemned: BlobDocument[];
  /** When those that are still leased can be looked at again, in ms since 1970. */
  next: number | undefined;
}

/**
 * Takes the holders of blobs that the repository is no longer linked to, and condemns a blob with its last holder: one commit
 * { holders, blobs by etag, counter } a shard, so that whoever holds a blob meanwhile is faster.
 *
 * A holder is written before its link, and so is taken only when the blob's lease is over and then there is no link. In a
 * generation that was left long enough ago nobody is about to write one.
 * @param left whether the generation is such a one
 */
export async function releaseBlobs(
  ports: Ports,
  repository: Repository,
  digests: readonly Digest[],
  left: boolean,
): Promise<Release> {
  const release: Release = { settled: [], condemned: [], next: undefined };
  const shards = new Map<string, Digest[]>();
  for (const digest of digests) {
    const partition = partitions.shard(repository.registry.rid, digest);
    shards.set(partition, [...(shards.get(partition) ?? []), digest]);
  }
  const work = [...shards].flatMap(([partition, all]) => {
    const batches: [string, Digest[]][] = [];
    for (let from = 0; from < all.length; from += holdersPerCommit) {
      batches.push([partition, all.slice(from, from + holdersPerCommit)]);
    }
    return batches;
  });
  for (let from = 0; from < work.length; from += shardsAtOnce) {
    await Promise.all(
      work.slice(from, from + shardsAtOnce).map(async ([partition, batch]) => {
        await releaseInShard(ports, repository, partition, batch, left, release);
      }),
    );
  }
  return release;
}

async function releaseInShard(
  ports: Ports,
  repository: Repository,
  partition: string,
  digests: readonly Digest[],
  left: boolean,
  release: Release,
): Promise<void> {
  const done = await untilSettled(async () => {
    const counter = await readCounter(ports, partition);
    const looks = await Promise.all(
      digests.map(async (digest) => await look(ports, repository, partition, digest, left)),
    );
    const writer = ports.ids.nonce();
    const condemned = looks.flatMap(({ condemns }) => (condemns === undefined ? [] : [condemns]));
    const operations = looks.flatMap(({ operations: own }) => own(writer));
    if (operations.length > 0) {
      const outcome = await ports.documents.commit(partition, [
        ...operations,
        countOperation(counter, writer, { condemned }),
      ]);
      if (outcome !== "committed") return undefined;
    }
    return looks;
  });
  const condemned = done.flatMap(({ condemns, condemnedBefore }) => condemns ?? condemnedBefore ?? []);
  await condemnBlobs(ports, repository.registry.rid, condemned);
  release.condemned.push(...done.flatMap(({ condemns }) => condemns ?? []));
  digests.forEach((digest, index) => {
    const next = done[index]?.next;
    if (next === undefined) release.settled.push(digest);
    else release.next = Math.min(release.next ?? next, next);
  });
}

interface Look {
  /** What to commit. */
  readonly operations: (writer: string) => Operation[];
  /** The blob as it will be, if this condemns it. */
  readonly condemns?: BlobDocument;
  /** The blob, if it was condemned before: whoever did may not have come further. */
  readonly condemnedBefore?: BlobDocument;
  /** When to look again, in ms since 1970. */
  readonly next?: number;
}

/** What is to be done about one holder. The blob is read before what points at it. */
async function look(
  ports: Ports,
  repository: Repository,
  partition: string,
  digest: Digest,
  left: boolean,
): Promise<Look> {
  const nothing = { operations: () => [] };
  const blob = await readBlob(ports, partition, digest);
  if (blob === undefined) return nothing;
  if (blob.document.state === "condemned") return { ...nothing, condemnedBefore: blob.document };
  const holder = await readHolder(ports, repository, partition, digest);
  if (holder === undefined) return nothing;
  if (!left) {
    const link = await ports.documents.read(repository.partition, ids.link(digest), { fresh: true });
    if (link !== undefined) return nothing;
    if (!leaseIsOver(ports, blob.document.leaseUntil)) {
      return { ...nothing, next: blob.document.leaseUntil + ports.graces.skewSeconds * 1000 };
    }
  }
  const last = (await listHolders(ports, repository.registry.rid, digest, 2)).length === 1;
  const take: Operation = { op: "delete", id: holder.document.id, etag: holder.etag };
  if (!last) {
    // The blob is written although it stays: by its etag two who take the last two holders meet.
    const again = (writer: string): Operation => ({
      op: "replace",
      document: { ...blob.document, writer },
      etag: blob.etag,
    });
    return { operations: (writer) => [take, again(writer)] };
  }
  const condemns = condemnedBlob(ports, blob.document);
  const condemn = (writer: string): Operation => ({
    op: "replace",
    document: { ...condemns, writer },
    etag: blob.etag,
  });
  return { operations: (writer) => [take, condemn(writer)], condemns };
}

/** The blob as nobody holds it any more. Its bytes stay for those who may still be reading them. */
export function condemnedBlob(ports: Ports, blob: BlobDocument): BlobDocument {
  const deleteAfter = ports.clock.now() + ports.graces.requestSeconds * 1000;
  return { ...blob, state: "condemned", deleteAfter };
}

async function readHolder(
  ports: Ports,
  { name, generation }: Repository,
  partition: string,
  digest: Digest,
): Promise<Stored<HolderDocument> | undefined> {
  const id = ids.holder(digest, name, generation);
  return await readAs<HolderDocument>(ports.documents, partition, id, "holder");
}
