import { listHolders } from "../../catalog/blobs.ts";
import { leaseIsOver } from "../../catalog/commit.ts";
import { condemnBlobs } from "../../catalog/condemned-places.ts";
import type { BlobDocument, EdgeDocument, HolderDocument } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import { readManifest } from "../../catalog/manifests.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { inGeneration, type Repository } from "../../catalog/repositories.ts";
import { countOperation, readBlob, readCounter } from "../../catalog/shards.ts";
import { askForSweep } from "../../catalog/sweeps.ts";
import type { Digest } from "../../domain/digest.ts";
import { limits } from "../../domain/limits.ts";
import type { RepositoryName } from "../../domain/name.ts";
import type { Operation, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { type Budget, documentsFrom } from "../document-pages.ts";
import { condemnedBlob, releaseBlobs } from "./release-blobs.ts";
import { deleteAll } from "./sweep-repository.ts";

// What a crash leaves at the wrong moment no event tells of: it is found only by looking at everything, which is done rarely.

/** A shard, or a repository, is looked through as a whole. */
const unbounded: Budget = { pages: Number.POSITIVE_INFINITY };

export interface DeepSweep {
  holders: number;
  condemned: number;
  condemnedBytes: number;
  edges: number;
}

/** Finds, in one shard: holders whose link was never written, blobs without holders, and condemned blobs that nobody waits for. */
export async function sweepShard(
  ports: Ports,
  registry: RegistryDocument,
  shard: string,
  found: DeepSweep,
): Promise<void> {
  const partition = partitions.shardNamed(registry.rid, shard);
  const held = new Set<Digest>();
  const unlinked = new Map<string, { repository: Repository; digests: Digest[] }>();
  for await (const { document } of documentsFrom<HolderDocument>(
    ports,
    partition,
    ids.allHolders,
    unbounded,
  )) {
    held.add(document.digest);
    const repository = inGeneration(registry, document.repository, document.generation);
    const id = ids.link(document.digest);
    if ((await ports.documents.read(repository.partition, id, { fresh: true })) !== undefined) continue;
    const key = repository.partition;
    const known = unlinked.get(key) ?? { repository, digests: [] };
    known.digests.push(document.digest);
    unlinked.set(key, known);
  }
  for (const { repository, digests } of unlinked.values()) {
    const { condemned } = await releaseBlobs(ports, repository, digests, false);
    found.holders += digests.length;
    found.condemned += condemned.length;
    found.condemnedBytes += condemned.reduce((sum, { size }) => sum + size, 0);
  }
  const waiting: BlobDocument[] = [];
  for await (const { document } of documentsFrom<BlobDocument>(ports, partition, ids.allBlobs, unbounded)) {
    if (document.state === "condemned") waiting.push(document);
    else if (!held.has(document.digest))
      await condemnUnheld(ports, registry.rid, document.digest, found, waiting);
  }
  await condemnBlobs(ports, registry.rid, waiting);
}

/** As a blob is condemned with its last holder: by its etag, when its lease is over and then nobody holds it. */
async function condemnUnheld(
  ports: Ports,
  rid: string,
  digest: Digest,
  found: DeepSweep,
  waiting: BlobDocument[],
): Promise<void> {
  const partition = partitions.shard(rid, digest);
  const [blob, counter] = await Promise.all([
    readBlob(ports, partition, digest),
    readCounter(ports, partition),
  ]);
  if (blob?.document.state !== "live" || !leaseIsOver(ports, blob.document.leaseUntil)) return;
  if ((await listHolders(ports, rid, digest, 1)).length > 0) return;
  const writer = ports.ids.nonce();
  const document: BlobDocument = { ...condemnedBlob(ports, blob.document), writer };
  const operations: Operation[] = [
    { op: "replace", document, etag: blob.etag },
    countOperation(counter, writer, { condemned: [blob.document] }),
  ];
  // Whoever was faster than this is found the next time.
  if ((await ports.documents.commit(partition, operations)) !== "committed") return;
  found.condemned += 1;
  found.condemnedBytes += document.size;
  waiting.push(document);
}

/** Finds edges whose manifest is gone, and has the repository swept. A push writes its edges with the manifest, or when the manifest is there as pending. */
export async function sweepEdges(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  generation: string,
  found: DeepSweep,
): Promise<void> {
  const repository = inGeneration(registry, name, generation);
  const known = new Map<Digest, boolean>();
  let loose: Stored<EdgeDocument>[] = [];
  for await (const edge of documentsFrom<EdgeDocument>(
    ports,
    repository.partition,
    ids.allEdges,
    unbounded,
  )) {
    const { manifest } = edge.document;
    const there = known.get(manifest) ?? (await readManifest(ports, repository, manifest)) !== undefined;
    known.set(manifest, there);
    // Asked again after the edge was read: a manifest that is there by then has written its edges anew.
    if (there || (await readManifest(ports, repository, manifest)) !== undefined) continue;
    loose.push(edge);
    if (loose.length < limits.commitOperationsMax) continue;
    found.edges += loose.length;
    await deleteAll(ports, repository.partition, loose);
    loose = [];
  }
  found.edges += loose.length;
  await deleteAll(ports, repository.partition, loose);
  await askForSweep(ports, registry.rid, name, ports.clock.now());
}
