import { dayAfter, dayOf } from "../../catalog/condemned-places.ts";
import type { BlobDocument, CatalogEntryDocument, ManifestDocument } from "../../catalog/documents.ts";
import { listLeftGenerations } from "../../catalog/generations.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import { readManifest } from "../../catalog/manifests.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { inGeneration, readHeader } from "../../catalog/repositories.ts";
import { readBlob } from "../../catalog/shards.ts";
import { asRepositoryName, type RepositoryName } from "../../domain/name.ts";
import { type Place, samePlace } from "../../domain/place.ts";
import type { BlobProperties, StoredBytes } from "../../ports/blob-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { type Budget, documentsFrom } from "../document-pages.ts";
import { allShards } from "../recount/recount-parts.ts";

/** Whether a document names the place of bytes that carry what they are. */
export async function isNamed(
  ports: Ports,
  registry: RegistryDocument,
  place: Place,
  { repository, digest }: BlobProperties,
): Promise<boolean> {
  const blob = await readBlob(ports, partitions.shard(registry.rid, digest), digest);
  if (blob !== undefined && samePlace(blob.document.place, place)) return true;
  const name = asRepositoryName(repository);
  if (name !== undefined) {
    for (const generation of await generationsOf(ports, registry, name)) {
      const manifest = await readManifest(ports, inGeneration(registry, name, generation), digest);
      const named = manifest?.document.place;
      if (named !== undefined && samePlace(named, place)) return true;
    }
  }
  // Last, since a place is condemned before what named it is taken away.
  return await isCondemned(ports, place);
}

/** Takes out of `places`, which are by their names, those that a document names: all documents are looked at. */
export async function keepUnnamed(
  ports: Ports,
  registry: RegistryDocument,
  places: Map<string, StoredBytes>,
  budget: Budget,
): Promise<void> {
  const { rid } = registry;
  const drop = (place: Place) => {
    const found = places.get(place.name);
    if (found !== undefined && samePlace(found.place, place)) places.delete(place.name);
  };
  for (const shard of allShards) {
    const partition = partitions.shardNamed(rid, shard);
    for await (const { document } of documentsFrom<BlobDocument>(ports, partition, ids.allBlobs, budget)) {
      drop(document.place);
    }
  }
  for await (const { document } of catalogOf(ports, rid, budget)) {
    for (const generation of await generationsOf(ports, registry, document.repository)) {
      const partition = partitions.content(rid, document.repository, generation);
      const manifests = documentsFrom<ManifestDocument>(ports, partition, ids.allManifests, budget);
      for await (const { document: manifest } of manifests) {
        if (manifest.kind === "manifest" && manifest.place !== undefined) drop(manifest.place);
      }
    }
  }
  for (const { place } of [...places.values()]) if (await isCondemned(ports, place)) drop(place);
}

function catalogOf(ports: Ports, rid: string, budget: Budget) {
  return documentsFrom<CatalogEntryDocument>(ports, partitions.catalog(rid), "", budget);
}

/**
 * All generations that may have something. The header is read before and after those that were left, so that none is missed that
 * is left, or restored, just now.
 */
export async function generationsOf(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<Set<string>> {
  const before = await readHeader(ports, registry, name);
  const left = await listLeftGenerations(ports, registry, name);
  const after = await readHeader(ports, registry, name);
  const found = new Set(left.map(({ document }) => document.generation));
  for (const header of [before, after]) if (header !== undefined) found.add(header.document.generation);
  return found;
}

/** Whether somebody may still read the bytes, until they are deleted. Those whose time has come may go at any time. */
async function isCondemned(ports: Ports, place: Place): Promise<boolean> {
  const now = ports.clock.now();
  const { requestSeconds, skewSeconds } = ports.graces;
  const last = dayOf(now + (requestSeconds + skewSeconds) * 1000);
  for (let day = dayOf(now - skewSeconds * 1000); day <= last; day = dayAfter(day)) {
    const partition = partitions.condemned(place.account, day);
    if ((await ports.documents.read(partition, ids.place(place), { fresh: true })) !== undefined) return true;
  }
  return false;
}
