import {
  type BlobDocument,
  type CounterDocument,
  type HolderDocument,
  type HolderSums,
  type ShardFigures,
  schema,
} from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import { readCounter } from "../../catalog/shards.ts";
import type { RepositoryName } from "../../domain/name.ts";
import type { Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { type Budget, documentsFrom } from "../document-pages.ts";
import { figuresOf } from "../sort-changes.ts";
import { type Drift, driftOf } from "./report.ts";

/** Times that something is counted again since it changed while it was counted. */
export const recountAttempts = 4;

type Sums = Pick<CounterDocument, "bytes" | "blobs"> &
  Required<Pick<CounterDocument, "condemnedBytes" | "condemnedBlobs">>;

/**
 * Counts a shard's blobs, and mends its counter. Every commit that changes a blob replaces the counter, so what was counted between
 * two reads of the same counter is what there is.
 * @param told the shard's figures in the registry's usage, at need when all events are in them; those are mended by the counter's
 * next number if they are wrong
 * @returns what was wrong; `unsettled` when it changed each time
 */
export async function recountShard(
  ports: Ports,
  rid: string,
  shard: string,
  told: (drained: boolean) => Promise<ShardFigures | undefined>,
  budget: Budget,
): Promise<Drift | "right" | "unsettled"> {
  const partition = partitions.shardNamed(rid, shard);
  for (let attempt = 0; attempt < recountAttempts; attempt++) {
    const before = await readCounter(ports, partition);
    const counted = await countBlobs(ports, partition, budget);
    let usage = await told(false);
    if (driftOf("shard", shard, sumsOf(usage), counted) !== undefined) usage = await told(true);
    if ((await readCounter(ports, partition))?.etag !== before?.etag) continue;
    const kept = sumsOf(before === undefined ? undefined : figuresOf(before.document));
    const drift = driftOf("shard", shard, kept, counted) ?? driftOf("shard", shard, sumsOf(usage), counted);
    if (drift === undefined) return "right";
    if (await mendCounter(ports, partition, before, usage, counted)) return drift;
  }
  return "unsettled";
}

function sumsOf(figures: ShardFigures | undefined): Sums {
  const [, bytes, blobs, condemnedBytes = 0, condemnedBlobs = 0] = figures ?? [0, 0, 0];
  return { bytes, blobs, condemnedBytes, condemnedBlobs };
}

async function countBlobs(ports: Ports, partition: string, budget: Budget): Promise<Sums> {
  const sums = { bytes: 0, blobs: 0, condemnedBytes: 0, condemnedBlobs: 0 };
  for await (const { document } of documentsFrom<BlobDocument>(ports, partition, ids.allBlobs, budget)) {
    if (document.state === "live") {
      sums.bytes += document.size;
      sums.blobs += 1;
    } else {
      sums.condemnedBytes += document.size;
      sums.condemnedBlobs += 1;
    }
  }
  return sums;
}

/** With a number above all that were given, so that the registry's usage takes it for the latest. */
async function mendCounter(
  ports: Ports,
  partition: string,
  before: Stored<CounterDocument> | undefined,
  told: ShardFigures | undefined,
  counted: Sums,
): Promise<boolean> {
  const document: CounterDocument = {
    id: ids.counter,
    kind: "counter",
    schema,
    writer: ports.ids.nonce(),
    ...counted,
    seq: Math.max(before?.document.seq ?? 0, told?.[0] ?? 0) + 1,
  };
  const outcome = await ports.documents.commit(partition, [
    before === undefined ? { op: "create", document } : { op: "replace", document, etag: before.etag },
  ]);
  return outcome === "committed";
}

/** What holders of one generation of a repository keep. */
export interface GenerationHolders {
  readonly repository: RepositoryName;
  readonly generation: string;
  readonly sums: HolderSums;
}

export const noHolders: HolderSums = { uniqueBlobs: 0, uniqueBytes: 0, sharedBlobs: 0, sharedBytes: 0 };

/**
 * Adds what a shard's holders keep to `found`. Holders and blobs sort by their digests alike, so two reads side by side tell the size
 * of what each holder keeps.
 */
export async function addHolders(
  ports: Ports,
  rid: string,
  shard: string,
  found: Map<string, GenerationHolders>,
  budget: Budget,
): Promise<void> {
  const partition = partitions.shardNamed(rid, shard);
  const blobs = documentsFrom<BlobDocument>(ports, partition, ids.allBlobs, budget);
  let blob = await blobs.next();
  let group: HolderDocument[] = [];
  const close = async () => {
    const digest = group[0]?.digest;
    while (digest !== undefined && blob.done !== true && blob.value.document.digest < digest) {
      blob = await blobs.next();
    }
    const there = blob.done === true || blob.value.document.digest !== digest ? undefined : blob.value;
    if (there !== undefined) addGroup(found, group, there.document.size);
    group = [];
  };
  for await (const { document } of documentsFrom<HolderDocument>(ports, partition, ids.allHolders, budget)) {
    if (group[0] !== undefined && group[0].digest !== document.digest) await close();
    group.push(document);
  }
  await close();
}

/** @param group all holders of one blob */
function addGroup(
  found: Map<string, GenerationHolders>,
  group: readonly HolderDocument[],
  size: number,
): void {
  const unique = new Set(group.map(({ repository }) => repository)).size === 1;
  for (const { repository, generation } of group) {
    const key = `${repository}~${generation}`;
    const { uniqueBlobs, uniqueBytes, sharedBlobs, sharedBytes } = found.get(key)?.sums ?? noHolders;
    const sums = unique
      ? { uniqueBlobs: uniqueBlobs + 1, uniqueBytes: uniqueBytes + size, sharedBlobs, sharedBytes }
      : { uniqueBlobs, uniqueBytes, sharedBlobs: sharedBlobs + 1, sharedBytes: sharedBytes + size };
    found.set(key, { repository, generation, sums });
  }
}
