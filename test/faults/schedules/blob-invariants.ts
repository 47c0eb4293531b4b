import { ids, partitions } from "../../../shared/catalog/keys.ts";
import { algorithmOf } from "../../../shared/domain/digest.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { samePlace } from "../../../shared/domain/place.ts";
import { type Demand, type DocumentIndex, repositoryOf } from "./document-index.ts";
import { nameOf } from "./samples.ts";
import type { Simulation } from "./simulation.ts";

/** A link has a holder, and means the blob's place. */
export function checkLinks(
  { registry, weather }: Simulation,
  documents: DocumentIndex,
  demand: Demand,
): void {
  const events = new Set<string>();
  for (const { document } of documents.all("event")) {
    if (document.action === "blob-push" || document.action === "blob-mount") {
      events.add(`${document.repository} ${document.digest}`);
    }
  }
  for (const { partition, document } of documents.all("link")) {
    const repository = repositoryOf(partition);
    const generation = partition.split("~")[3] ?? "";
    const name = `the link to ${nameOf(document.digest)} in ${repository}`;
    const shard = partitions.shard(registry.rid, document.digest);
    const holder = documents.get("holder", shard, ids.holder(document.digest, repository, generation));
    demand(holder !== undefined, `${name} has no holder`);
    const blob = documents.get("blob", shard, ids.blob(document.digest));
    demand(blob !== undefined && samePlace(blob.place, document.place), `${name} has another place`);
    demand(blob?.size === document.size, `${name} has another size`);
    // A commit that was cut may lack its last operation.
    demand(weather.prefix > 0 || events.has(`${repository} ${document.digest}`), `${name} has no event`);
  }
}

/** A blob with a holder is live, and a live blob's bytes are at its place. */
export function checkBlobs({ blobs }: Simulation, documents: DocumentIndex, demand: Demand): void {
  for (const { partition, document } of documents.all("holder")) {
    const blob = documents.get("blob", partition, ids.blob(document.digest));
    const holder = `${nameOf(document.digest)}, held by ${document.repository},`;
    demand(blob?.state === "live", `${holder} is ${blob?.state ?? "absent"}`);
  }
  for (const { document } of documents.all("blob")) {
    if (document.state !== "live") continue;
    const bytes = blobs.bytesAt(document.place);
    const name = nameOf(document.digest);
    demand(bytes !== undefined, `the bytes of ${name} are not at its place`);
    if (bytes === undefined) continue;
    demand(bytes.byteLength === document.size, `${name} has another size`);
    demand(digestBytes(algorithmOf(document.digest), bytes) === document.digest, `${name} has other bytes`);
  }
}

/** The counter of a shard says what a recount of its live blobs says. */
export function checkCounters({ weather }: Simulation, documents: DocumentIndex, demand: Demand): void {
  const recount = new Map<string, { bytes: number; blobs: number }>();
  for (const { partition, document } of documents.all("blob")) {
    const sum = recount.get(partition) ?? { bytes: 0, blobs: 0 };
    recount.set(partition, sum);
    if (document.state !== "live") continue;
    sum.bytes += document.size;
    sum.blobs += 1;
  }
  for (const { partition, document } of documents.all("counter")) {
    const { bytes, blobs } = recount.get(partition) ?? { bytes: 0, blobs: 0 };
    recount.delete(partition);
    const told = `${partition} counts ${document.blobs} blobs of ${document.bytes} bytes, not ${blobs} of ${bytes}`;
    // The counter is first in its commit: cut off there, it says too much, never too little.
    const cut = weather.prefix > 0 && document.bytes >= bytes && document.blobs >= blobs;
    demand(cut || (document.bytes === bytes && document.blobs === blobs), told);
  }
  for (const partition of recount.keys()) demand(false, `${partition} has blobs and no counter`);
}
