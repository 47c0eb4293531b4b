import { listHolders } from "../../../shared/catalog/blobs.ts";
import { readAs } from "../../../shared/catalog/commit.ts";
import type {
  BlobDocument,
  CounterDocument,
  HolderDocument,
  LinkDocument,
} from "../../../shared/catalog/documents.ts";
import { endOfPrefix, ids, partitions } from "../../../shared/catalog/keys.ts";
import { findRepository, type Repository } from "../../../shared/catalog/repositories.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import type { RepositoryName } from "../../../shared/domain/name.ts";
import type { Place } from "../../../shared/domain/place.ts";
import type { CommitOutcome, Operation } from "../../../shared/ports/document-store.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { blobs, nameOf } from "./samples.ts";
import type { Simulation } from "./simulation.ts";

/** What a collector's clock may be off by. */
const skewMillis = 600_000;

/**
 * Collection by the rules that every writer relies on: what has no lease left, and then shows nothing that points at it,
 * is taken by the etag that was read before. It is here so that a lease that was not renewed is missed.
 */
export async function collect(simulation: Simulation, name: RepositoryName): Promise<void> {
  const { condemned, history, ports, registry, released } = simulation;
  const repository = await findRepository(ports, registry, name);
  if (repository === undefined) return;
  for (const { digest } of blobs) {
    let outcome: CommitOutcome | undefined;
    const answer = await simulation.request(`collect ${nameOf(digest)}`, async (bent) => {
      await takeLink(bent, repository, digest, (taken) => {
        outcome = taken;
        released.add(name);
      });
      const place = await takeHolder(bent, repository, digest);
      if (place !== undefined) condemned.push(place);
    });
    if (outcome === "committed") history.blobCollected(name, digest, answer, "done");
    if (outcome === "unknown") history.blobCollected(name, digest, answer, "maybe");
  }
}

async function takeLink(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  tell: (outcome: CommitOutcome) => void,
): Promise<void> {
  const { partition } = repository;
  const link = await readAs<LinkDocument>(ports.documents, partition, ids.link(digest), "link");
  if (link === undefined || !hasPassed(ports, link.document.leaseUntil)) return;
  const after = `e:${digest}:`;
  const edges = await ports.documents.list(partition, {
    by: "id",
    after,
    before: endOfPrefix(after),
    limit: 1,
    fresh: true,
  });
  if (edges.documents.length > 0) return;
  tell(await ports.documents.commit(partition, [{ op: "delete", id: ids.link(digest), etag: link.etag }]));
}

/**
 * The holder falls with the lease of its blob: one commit, so that whoever holds the blob meanwhile is faster.
 * @returns the place that is condemned with the blob's last holder
 */
async function takeHolder(ports: Ports, repository: Repository, digest: Digest): Promise<Place | undefined> {
  const shard = partitions.shard(repository.registry.rid, digest);
  const holderId = ids.holder(digest, repository.name, repository.generation);
  const blob = await readAs<BlobDocument>(ports.documents, shard, ids.blob(digest), "blob");
  const holder = await readAs<HolderDocument>(ports.documents, shard, holderId, "holder");
  const counter = await readAs<CounterDocument>(ports.documents, shard, ids.counter, "counter");
  if (blob?.document.state !== "live" || holder === undefined || counter === undefined) return undefined;
  if (!hasPassed(ports, blob.document.leaseUntil)) return undefined;
  const link = await ports.documents.read(repository.partition, ids.link(digest), { fresh: true });
  if (link !== undefined) return undefined;
  const last = (await listHolders(ports, repository.registry.rid, digest, 2)).length === 1;
  const writer = ports.ids.nonce();
  const { bytes, blobs: before, seq } = counter.document;
  const count: CounterDocument = {
    ...counter.document,
    writer,
    bytes: last ? bytes - blob.document.size : bytes,
    blobs: last ? before - 1 : before,
    seq: seq + 1,
  };
  const taken: BlobDocument = { ...blob.document, writer, state: last ? "condemned" : "live" };
  // Taken down in this order, even a part of it leaves nothing that relies on what is gone, and no count too low.
  const operations: Operation[] = [
    { op: "delete", id: holderId, etag: holder.etag },
    { op: "replace", document: taken, etag: blob.etag },
    { op: "replace", document: count, etag: counter.etag },
  ];
  const outcome = await ports.documents.commit(shard, operations);
  return last && outcome === "committed" ? taken.place : undefined;
}

function hasPassed(ports: Ports, leaseUntil: number): boolean {
  return ports.clock.now() >= leaseUntil + skewMillis;
}
