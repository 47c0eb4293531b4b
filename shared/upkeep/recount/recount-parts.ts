import { untilSettled } from "../../catalog/commit.ts";
import type { HolderSums, RepositoryUsageDocument } from "../../catalog/documents.ts";
import { partitions } from "../../catalog/keys.ts";
import { readRegistryUsage, readRepositoryUsage } from "../../catalog/usage.ts";
import type { Ports } from "../../ports/ports.ts";
import type { Budget } from "../document-pages.ts";
import { addHolders, type GenerationHolders, noHolders, recountShard } from "./recount-shards.ts";
import { type Drift, type RecountDocument, withFindings } from "./report.ts";

/** The shards are counted in so many parts, each of them whole: what a part finds of a repository is added to it once. */
export const shardParts = 4;
export const allShards: readonly string[] = Array.from({ length: 256 }, (_, number) =>
  number.toString(16).padStart(2, "0"),
);
const writesAtOnce = 8;

/** Counts the next part of the shards, and adds up what their holders keep of each repository. */
export async function recountPart(
  ports: Ports,
  rid: string,
  recount: RecountDocument,
  drain: () => Promise<void>,
  budget: Budget,
): Promise<RecountDocument> {
  const size = allShards.length / shardParts;
  const some = allShards.slice(recount.parts * size, (recount.parts + 1) * size);
  let usage = await readRegistryUsage(ports, rid);
  const drift: Drift[] = [];
  let unsettled = 0;
  const found = new Map<string, GenerationHolders>();
  for (const shard of some) {
    const told = async (drained: boolean) => {
      if (drained) {
        await drain();
        usage = await readRegistryUsage(ports, rid);
      }
      return usage?.shards[shard];
    };
    const counted = await recountShard(ports, rid, shard, told, budget);
    if (counted === "unsettled") unsettled += 1;
    else if (counted !== "right") drift.push(counted);
    await addHolders(ports, rid, shard, found, budget);
  }
  const part = recount.parts + 1;
  const all = [...found.values()];
  for (let from = 0; from < all.length; from += writesAtOnce) {
    await Promise.all(
      all.slice(from, from + writesAtOnce).map(async (holders) => {
        await addPart(ports, rid, holders, recount.pass, part);
      }),
    );
  }
  return { ...withFindings(recount, drift, unsettled), parts: part, shards: recount.shards + some.length };
}

/** Adds what a part has found to what the parts before it have, unless it is in there already. */
async function addPart(
  ports: Ports,
  rid: string,
  { repository, generation, sums }: GenerationHolders,
  pass: string,
  part: number,
): Promise<void> {
  await untilSettled(async () => {
    const before = await readRepositoryUsage(ports, rid, repository, generation);
    // Nothing was counted of it yet, or nothing is to be any more.
    if (before === undefined || before.document.purged === true) return true;
    const earlier = before.document.recounting?.pass === pass ? before.document.recounting : undefined;
    if (earlier !== undefined && earlier.part >= part) return true;
    const document: RepositoryUsageDocument = {
      ...before.document,
      writer: ports.ids.nonce(),
      recounting: { pass, part, ...added(earlier ?? noHolders, sums) },
    };
    const outcome = await ports.documents.commit(partitions.usage(rid), [
      { op: "replace", document, etag: before.etag },
    ]);
    return outcome === "committed" ? true : undefined;
  });
}

function added(a: HolderSums, b: HolderSums): HolderSums {
  return {
    uniqueBlobs: a.uniqueBlobs + b.uniqueBlobs,
    uniqueBytes: a.uniqueBytes + b.uniqueBytes,
    sharedBlobs: a.sharedBlobs + b.sharedBlobs,
    sharedBytes: a.sharedBytes + b.sharedBytes,
  };
}
