import type { RegistryEntryDocument } from "../../catalog/collection-documents.ts";
import type { CatalogEntryDocument } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import { listRegistries, readRegistry, readRegistryName, reservationOf } from "../../catalog/registries.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { earliest } from "../../catalog/sweeps.ts";
import { limits } from "../../domain/limits.ts";
import type { Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import type { Log } from "../../telemetry/log.ts";
import { deleteRegistry } from "../../tenancy/delete-registry.ts";
import type { Budget } from "../document-pages.ts";
import { guarded } from "../guarded.ts";
import { generationsOf } from "../orphans/named-places.ts";
import { allShards } from "../recount/recount-parts.ts";
import { restsUntil } from "./epoch.ts";
import { deleteAll } from "./sweep-repository.ts";

/** What one run did. `next` is when there will be something to do, in ms since 1970, as far as is known. */
export interface RegistryPurge {
  readonly purged: number;
  readonly more: boolean;
  readonly next: number | undefined;
}

/** Pages of documents that one run deletes before it leaves the rest to the next. */
const pagesPerRun = 2_000;

/**
 * Purges registries that were deleted long enough ago: their containers, then all their documents, those last by which the others are
 * found. A name that is reserved stays until it is free. What a creation that was cut short has left goes as well. One bounded run;
 * every step can be done again.
 */
export async function purgeRegistries(ports: Ports, log: Log): Promise<RegistryPurge> {
  const quiet = await restsUntil(ports);
  if (quiet !== undefined) return { purged: 0, more: false, next: quiet };
  const budget = { pages: pagesPerRun };
  let [purged, next]: [number, number | undefined] = [0, undefined];
  for (let after: string | undefined, more = true; more; ) {
    const page = await listRegistries(ports, after, limits.pageItemsMax);
    for (const entry of page.registries) {
      const facts = { work: "purge-registry", registry: entry.rid };
      await guarded(log, facts, async () => await endCreation(ports, entry));
      const registry = await readRegistry(ports, entry.rid);
      if (registry === undefined || registry.document.state === "live") continue;
      const due = dueOf(ports, registry.document);
      if (due > ports.clock.now()) {
        next = earliest(next, due);
        continue;
      }
      const outcome = await guarded(log, facts, async () => await purge(ports, registry, budget));
      if (outcome === "unfinished") return { purged, more: true, next };
      const { name, state, reserved } = registry.document;
      if (state === "purged" || outcome === undefined) continue;
      log.write("info", "upkeep", { ...facts, name });
      purged += 1;
      if (reservationOf(ports, registry.document) !== undefined) next = earliest(next, reserved?.until);
    }
    after = page.registries.at(-1)?.rid;
    more = page.more;
  }
  return { purged, more: false, next };
}

/** When the last request is over that may have found the registry before it was deleted; then, when its name is free. */
function dueOf(ports: Ports, { state, deletedAt = 0, reserved }: RegistryDocument): number {
  if (state === "purged") return reserved?.until ?? 0;
  const { purgeSeconds, skewSeconds } = ports.graces;
  return deletedAt + (purgeSeconds + skewSeconds + limits.registryCacheSeconds) * 1000;
}

/** A registry that never got its name, or whose entry is all there is: who was making it has given up, or has made another. */
async function endCreation(ports: Ports, entry: RegistryEntryDocument): Promise<void> {
  const { rid, name, createdAt } = entry;
  const { requestSeconds, skewSeconds } = ports.graces;
  if (createdAt === undefined || createdAt + (requestSeconds + skewSeconds) * 1000 > ports.clock.now())
    return;
  const registry = await readRegistry(ports, rid);
  if (registry === undefined) {
    await deleteEntry(ports, rid);
  } else if (
    registry.document.state === "live" &&
    (await readRegistryName(ports, name))?.document.rid !== rid
  ) {
    await deleteRegistry(ports, rid);
  }
}

/** `unfinished`: the budget ran out before all was gone. */
async function purge(
  ports: Ports,
  registry: Stored<RegistryDocument>,
  budget: Budget,
): Promise<"purged" | "unfinished"> {
  const { rid, name, state } = registry.document;
  if (state === "deleting" && !(await purgeContent(ports, registry, budget))) return "unfinished";
  if (reservationOf(ports, registry.document) !== undefined)
    return (await keepName(ports, registry, budget)) ? "purged" : "unfinished";
  const named = await readRegistryName(ports, name);
  if (named?.document.rid === rid) await deleteAll(ports, partitions.registryName(name), [named]);
  // The entry is the last: without it nobody would come back for the rest.
  if (!(await deletePartition(ports, partitions.registry(rid), budget))) return "unfinished";
  await deleteEntry(ports, rid);
  return "purged";
}

/** Leaves the registry's own document, by which its name is known to be reserved. @returns false when the budget ran out before */
async function keepName(
  ports: Ports,
  { document, etag }: Stored<RegistryDocument>,
  budget: Budget,
): Promise<boolean> {
  const partition = partitions.registry(document.rid);
  for (;;) {
    const page = await nextPage(ports, partition, budget);
    if (page === undefined) return false;
    const others = page.filter((stored) => stored.document.id !== document.id);
    if (others.length === 0) break;
    await deleteAll(ports, partition, others);
  }
  const purged: RegistryDocument = { ...document, state: "purged", writer: ports.ids.nonce() };
  await ports.documents.commit(partition, [{ op: "replace", document: purged, etag }]);
  return true;
}

/** @returns false when the budget ran out before all was gone */
async function purgeContent(
  ports: Ports,
  registry: Stored<RegistryDocument>,
  budget: Budget,
): Promise<boolean> {
  const { rid, storage } = registry.document;
  await ports.blobs.deleteContainer(storage);
  if (!(await purgeRepositories(ports, registry.document, budget))) return false;
  const shards = allShards.map((shard) => partitions.shardNamed(rid, shard));
  const rest = [
    partitions.deleted(rid),
    partitions.sweeps(rid),
    partitions.catalog(rid),
    partitions.usage(rid),
  ];
  for (const partition of [...shards, ...rest]) {
    if (!(await deletePartition(ports, partition, budget))) return false;
  }
  return true;
}

/** By the catalog, an entry of which goes after all that it leads to. */
async function purgeRepositories(ports: Ports, registry: RegistryDocument, budget: Budget): Promise<boolean> {
  const partition = partitions.catalog(registry.rid);
  for (;;) {
    const page = await nextPage(ports, partition, budget);
    if (page === undefined) return false;
    if (page.length === 0) return true;
    for (const entry of page as readonly Stored<CatalogEntryDocument>[]) {
      const { repository } = entry.document;
      for (const generation of await generationsOf(ports, registry, repository)) {
        const content = partitions.content(registry.rid, repository, generation);
        if (!(await deletePartition(ports, content, budget))) return false;
      }
      const header = partitions.repository(registry.rid, repository);
      if (!(await deletePartition(ports, header, budget))) return false;
      await deleteAll(ports, partition, [entry]);
    }
  }
}

/** @returns false when the budget ran out before it was empty */
async function deletePartition(ports: Ports, partition: string, budget: Budget): Promise<boolean> {
  for (;;) {
    const page = await nextPage(ports, partition, budget);
    if (page === undefined) return false;
    if (page.length === 0) return true;
    await deleteAll(ports, partition, page);
  }
}

/** What is there now, from the beginning, since it is taken away. Undefined: the budget ran out. */
async function nextPage(
  ports: Ports,
  partition: string,
  budget: Budget,
): Promise<readonly Stored[] | undefined> {
  if (budget.pages <= 0) return undefined;
  const page = await ports.documents.list(partition, { by: "id", limit: limits.pageItemsMax, fresh: true });
  if (page.documents.length > 0) budget.pages -= 1;
  return page.documents;
}

async function deleteEntry(ports: Ports, rid: string): Promise<void> {
  const entry = await ports.documents.read(partitions.registries, ids.registryEntry(rid), { fresh: true });
  if (entry !== undefined) await deleteAll(ports, partitions.registries, [entry]);
}
