import { expect, test } from "vitest";
import { enterInCatalog } from "../../../shared/catalog/catalog-entries.ts";
import { condemnPlace } from "../../../shared/catalog/condemned-places.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import { readRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { askForSweep, nextSweep } from "../../../shared/catalog/sweeps.ts";
import { RegistryError } from "../../../shared/domain/errors.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { limits } from "../../../shared/domain/limits.ts";
import type { RegistryName, RepositoryName } from "../../../shared/domain/name.ts";
import { placeName } from "../../../shared/domain/place.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog, type Log } from "../../../shared/telemetry/log.ts";
import { createRegistry } from "../../../shared/tenancy/create-registry.ts";
import { deleteRegistry } from "../../../shared/tenancy/delete-registry.ts";
import { collect } from "../../../shared/upkeep/collection/collect.ts";
import { purgeRegistries } from "../../../shared/upkeep/collection/purge-registry.ts";
import { expireUploads } from "../../../shared/upkeep/expire-uploads.ts";
import { collectOrphans } from "../../../shared/upkeep/orphans/collect-orphans.ts";
import { reconcileUsage } from "../../../shared/upkeep/recount/reconcile-usage.ts";
import { readRecountReport } from "../../../shared/upkeep/recount/report.ts";
import { runRetention } from "../../../shared/upkeep/retention/retention.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const name = "team/app" as RepositoryName;
const dayMillis = 24 * 3600 * 1000;
const rule = { name: "old", action: "delete", repositories: ["**"], olderThanDays: 30, by: "push" } as const;
const lifecycle = { rules: [rule], immutableTags: [] };

/** A registry whose key or account its owner has taken away, or whose partitions are too busy, and one behind it in every list. */
async function openTwo() {
  const { ports, clock, blobs } = openMemoryPorts();
  const open = async (called: string): Promise<RegistryDocument> => {
    const asked = { group: "shop", policies: { sparseManifests: false, lifecycle } };
    const made = await createRegistry(ports, called as RegistryName, asked);
    clock.advance(1);
    if ("heldBy" in made) throw new Error("somebody has the name");
    await enterInCatalog(ports, { registry: made, name });
    return made;
  };
  const failing = await open("failing");
  const other = await open("other1");
  return { ports, clock, blobs, failing, other, bent: without(ports, failing) };
}

/** Ports on which nothing is reached of what is in that registry. */
function without(ports: Ports, { rid }: RegistryDocument): Ports {
  const refused = (where: string) => {
    if (where !== partitions.registry(rid) && where.includes(rid)) throw new RegistryError("UNAVAILABLE");
  };
  const { documents, blobs } = ports;
  return {
    ...ports,
    documents: {
      ...documents,
      read: async (partition, ...rest) => {
        refused(partition);
        return await documents.read(partition, ...rest);
      },
      list: async (partition, query) => {
        refused(partition);
        return await documents.list(partition, query);
      },
    },
    blobs: {
      ...blobs,
      list: async (container, query) => {
        refused(container.container);
        return await blobs.list(container, query);
      },
      deleteContainer: async (container) => {
        refused(container.container);
        await blobs.deleteContainer(container);
      },
    },
  };
}

function openLog(): { log: Log; lines(): unknown[] } {
  const written: string[] = [];
  const log = createLog("warn", (text) => written.push(...text.trim().split("\n")));
  const lines = () => {
    log.flush();
    return written.map((line) => JSON.parse(line) as unknown);
  };
  return { log, lines };
}

test("collection sweeps the others, and tells of the one that fails", async () => {
  const { ports, bent, failing, other } = await openTwo();
  const { log, lines } = openLog();
  await askForSweep(ports, other.rid, name, 0);
  await collect(bent, log);
  expect(await nextSweep(ports, other.rid)).toBeUndefined();
  expect(lines()).toContainEqual(
    expect.objectContaining({ event: "failure", work: "collection", registry: failing.rid }),
  );
});

test("bytes of other accounts go while one cannot be worked through", async () => {
  const { ports, clock, blobs, other } = await openTwo();
  const { log, lines } = openLog();
  const place = { ...other.storage, name: placeName(clock.now(), "a") };
  const bytes = Buffer.from("condemned");
  const digest = digestBytes("sha256", bytes);
  await ports.blobs.put(place, bytes, { registry: other.rid, repository: name, digest, size: 9 });
  await condemnPlace(ports, place);
  clock.advance(dayMillis);
  const { documents } = ports;
  const bent: Ports["documents"] = {
    ...documents,
    list: async (partition, query) => {
      if (partition.startsWith("x~local.failing~")) throw new RegistryError("TOOMANYREQUESTS");
      return await documents.list(partition, query);
    },
  };
  // In the order in which accounts are looked at.
  const setApart = new Set(["local.failing", "local"]);
  await collect({ ...ports, region: "local.failing", setApart, documents: bent }, log);
  expect(blobs.bytesAt(place)).toBeUndefined();
  expect(lines()).toMatchObject([{ event: "failure", work: "collection", account: "local.failing" }]);
});

test("registries that are deleted are purged, and the one that failed as soon as it can be", async () => {
  const { ports, bent, clock, failing, other } = await openTwo();
  const { log, lines } = openLog();
  for (const { rid } of [failing, other]) await deleteRegistry(ports, rid);
  clock.advance(dayMillis);
  expect((await purgeRegistries(bent, log)).purged).toBe(1);
  expect(await readRegistry(ports, other.rid)).toBeUndefined();
  expect((await readRegistry(ports, failing.rid))?.document.state).toBe("deleting");
  expect(lines()).toMatchObject([{ event: "failure", work: "purge-registry", registry: failing.rid }]);
  expect((await purgeRegistries(ports, log)).purged).toBe(1);
  expect(await readRegistry(ports, failing.rid)).toBeUndefined();
});

test("orphans of the others go", async () => {
  const { ports, bent, clock, blobs, failing, other } = await openTwo();
  const { log, lines } = openLog();
  const place = { ...other.storage, name: placeName(clock.now(), "a") };
  const bytes = Buffer.from("orphan");
  const digest = digestBytes("sha256", bytes);
  await ports.blobs.put(place, bytes, { registry: other.rid, repository: name, digest, size: 6 });
  clock.advance(limits.uploadSecondsMax * 1000 + 3 * dayMillis);
  await collectOrphans(bent, log);
  expect(blobs.bytesAt(place)).toBeUndefined();
  expect(lines()).toMatchObject([{ event: "failure", work: "orphans", registry: failing.rid }]);
});

test("the usage of the others is counted anew", async () => {
  const { ports, bent, failing, other } = await openTwo();
  const { log, lines } = openLog();
  expect(await reconcileUsage(bent, log)).toEqual({ more: false });
  expect(await readRecountReport(ports, other.rid)).toBeDefined();
  expect(lines()).toMatchObject([{ event: "failure", work: "recount", registry: failing.rid }]);
});

test("lifecycle rules of the others are carried out", async () => {
  const { ports, bent, failing, other } = await openTwo();
  const { log, lines } = openLog();
  await runRetention(bent, log);
  const cursor = await ports.documents.read(partitions.registry(other.rid), ids.retentionCursor, {
    fresh: true,
  });
  expect(cursor?.document).toMatchObject({ finished: true });
  expect(lines()).toMatchObject([{ event: "failure", work: "retention", registry: failing.rid }]);
});

test("sessions expire while an account cannot be looked through", async () => {
  const { ports, clock } = await openTwo();
  const { log, lines } = openLog();
  let expired = 0;
  const blobs: Ports["blobs"] = {
    ...ports.blobs,
    discardUnfinished: async () => await Promise.reject(new RegistryError("UNAVAILABLE")),
  };
  const sessions: Ports["sessions"] = {
    ...ports.sessions,
    expire: async () => {
      expired += 1;
      return await Promise.resolve(1);
    },
  };
  clock.advance(dayMillis);
  await expireUploads({ ...ports, blobs, sessions }, log);
  expect(expired).toBe(1);
  expect(lines()).toMatchObject([{ event: "failure", work: "expire-uploads" }]);
});

test.each([
  ["collection", collect],
  ["the purge", purgeRegistries],
  ["the search for orphans", collectOrphans],
  ["the recount", reconcileUsage],
  ["retention", runRetention],
] as const)("while all documents are away %s ends at once, and is tried again later", async (_, run) => {
  const { ports } = await openTwo();
  let reads = 0;
  const documents: Ports["documents"] = {
    ...ports.documents,
    read: async (partition, ...rest) => {
      if (!partition.startsWith("g~")) return await ports.documents.read(partition, ...rest);
      reads += 1;
      throw new RegistryError("UNAVAILABLE");
    },
  };
  await expect(run({ ...ports, documents }, openLog().log)).rejects.toThrow(RegistryError);
  expect(reads).toBe(1);
});
