import { describe, expect, it } from "vitest";
import type { RegistryUsageDocument } from "../../../shared/catalog/documents.ts";
import { leaveGeneration } from "../../../shared/catalog/generations.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { ensureRepository, findRepository } from "../../../shared/catalog/repositories.ts";
import { listRepositoryUsage, readRegistryUsage, stateOfUsage } from "../../../shared/catalog/usage.ts";
import type { RepositoryName } from "../../../shared/domain/name.ts";
import type { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { type Random, seededRandom } from "../../../shared/memory/random.ts";
import type { Document } from "../../../shared/ports/document-store.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { collect } from "../../../shared/upkeep/collection/collect.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { reconcileUsage, recountRegistry } from "../../../shared/upkeep/recount/reconcile-usage.ts";
import { readRecount, readRecountReport } from "../../../shared/upkeep/recount/report.ts";
import { openCountedRegistry } from "../../support/counted-registry.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";
import { open, pushBlob } from "./recount-samples.ts";

const log = createLog("silent", () => {});

/** Sets a document's field to something else, behind everybody's back. */
async function bendDocuments(
  ports: Ports,
  documents: MemoryDocuments,
  change: (document: Document) => Document | undefined,
): Promise<number> {
  let changed = 0;
  for (const [partition, all] of [...documents.everything()]) {
    for (const { document } of all) {
      const bent = change(document);
      if (bent === undefined) continue;
      await ports.documents.commit(partition, [{ op: "upsert", document: bent }]);
      changed += 1;
    }
  }
  return changed;
}

async function chaos(random: Random, softDelete: boolean) {
  const opened = openMemoryPorts();
  const registry = await openCountedRegistry(opened.ports, softDelete);
  for (let step = 0; step < 40; step++) await registry.change(random);
  await consumeEvents(opened.ports, log);
  return { ...opened, registry };
}

describe("a recount", () => {
  it("finds nothing wrong where nothing is, and leaves the figures as they are", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { ports, registry } = await chaos(seededRandom(seed), seed % 2 === 0);
      const before = await registry.counted();
      expect(await reconcileUsage(ports, log)).toEqual({ more: false });
      const report = await readRecountReport(ports, registry.rid);
      expect(report, `seed ${seed}`).toMatchObject({ drifts: 0, drift: [], unsettled: 0, shards: 256 });
      expect(await registry.counted()).toEqual(before);
      expect(before).toEqual(await registry.recount());
    }
  });

  it("finds nothing wrong while collection condemns, reclaims and purges", async () => {
    let [condemned, reclaimed, purged] = [0, 0, 0];
    for (let seed = 0; seed < 10; seed++) {
      const { ports, registry, clock } = await chaos(seededRandom(seed), seed % 2 === 0);
      const { leaseSeconds, purgeSeconds, skewSeconds } = ports.graces;
      for (const seconds of [leaseSeconds + purgeSeconds, skewSeconds, leaseSeconds]) {
        clock.advance(seconds * 1000);
        const done = await collect(ports, log);
        purged += done.generations;
        reclaimed += done.places;
        await consumeEvents(ports, log);
        const counted = await registry.counted();
        condemned += counted.condemnedBlobs;
        expect(counted, `seed ${seed}`).toEqual(await registry.recount());
        await reconcileUsage(ports, log);
        expect((await readRecountReport(ports, registry.rid))?.drift, `seed ${seed}`).toEqual([]);
      }
    }
    expect(Math.min(condemned, reclaimed, purged)).toBeGreaterThan(5);
  });

  it("tells what was wrong, of shards, repositories and the registry, and mends it", async () => {
    let wrong = 0;
    for (let seed = 0; seed < 20; seed++) {
      const random = seededRandom(seed);
      const { ports, registry, documents } = await chaos(random, true);
      const right = await registry.recount();
      wrong += await bendDocuments(ports, documents, (document) => {
        if (random(3) > 0) return undefined;
        switch (document.kind) {
          case "counter":
            return { ...document, bytes: 7, seq: random(100) } as Document;
          case "registry-usage":
            return { ...document, live: undefined, shards: {} } as Document;
          case "repository-usage":
            return { ...document, departures: random(2), figures: { manifests: random(9) } } as Document;
          default:
            return undefined;
        }
      });
      await reconcileUsage(ports, log);
      await consumeEvents(ports, log);
      expect(await registry.counted(), `seed ${seed}`).toEqual(right);
      expect(await registry.recount()).toEqual(right);
      const report = await readRecountReport(ports, registry.rid);
      for (const { kept, counted } of report?.drift ?? []) expect(kept).not.toEqual(counted);
    }
    expect(wrong).toBeGreaterThan(20);
  });

  it("says which figure was what, and what it is", async () => {
    const { ports, registry, documents } = await open();
    await pushBlob(ports, registry, "app", "ten bytes!");
    await consumeEvents(ports, log);
    await bendDocuments(ports, documents, (document) =>
      document.kind === "repository-usage"
        ? ({
            ...document,
            figures: { ...(document as never as { figures: object }).figures, blobs: 3 },
          } as Document)
        : undefined,
    );
    await reconcileUsage(ports, log);
    const report = await readRecountReport(ports, registry.rid);
    const generation = (await findRepository(ports, registry, "app" as RepositoryName))?.generation;
    expect(report?.drift).toEqual([
      { of: "repository", name: `app ${generation}`, kept: { blobs: 3 }, counted: { blobs: 1 } },
      { of: "registry", name: "live", kept: { blobs: -1 }, counted: { blobs: 1 } },
    ]);
    expect((await readRegistryUsage(ports, registry.rid))?.live).toMatchObject({ blobs: 1, blobBytes: 10 });
  });

  it("finds the figures of all that happened while it was at work, and never mends what is right", async () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = seededRandom(seed);
      const opened = openMemoryPorts({}, seed);
      const registry = await openCountedRegistry(opened.ports, seed % 2 === 0);
      for (let step = 0; step < 20; step++) await registry.change(random);
      const around = async () => {
        for (let turns = random(3); turns > 0; turns--) await Promise.resolve();
      };
      const slow = { ...opened.ports, documents: opened.documents.store({ around }) };
      let running = true;
      const change = async () => {
        while (running) {
          await registry.change(random);
          for (let turns = random(300); turns > 0; turns--) await Promise.resolve();
        }
      };
      const changing = change();
      for (let runs = 0; runs < 3; runs++) await reconcileUsage(slow, log);
      running = false;
      await changing;
      await consumeEvents(opened.ports, log);
      const report = await readRecountReport(opened.ports, registry.rid);
      expect(report?.drift, `seed ${seed}`).toEqual([]);
      expect(await registry.counted(), `seed ${seed}`).toEqual(await registry.recount());
    }
  });

  it("forgets figures of a generation that is gone", async () => {
    const { ports, registry, documents } = await open(false);
    await pushBlob(ports, registry, "app", "ten bytes!");
    const repository = await ensureRepository(ports, registry, "app" as RepositoryName);
    await leaveGeneration(ports, registry, repository.name);
    await consumeEvents(ports, log);
    // As if somebody had purged it and had not come to its figures.
    const left = partitions.repository(registry.rid, repository.name);
    for (const [partition, all] of [...documents.everything()]) {
      if (partition !== left && partition !== repository.partition) continue;
      for (const { document, etag } of [...all]) {
        await ports.documents.commit(partition, [{ op: "delete", id: document.id, etag }]);
      }
    }
    await reconcileUsage(ports, log);
    const { usages } = await listRepositoryUsage(ports, registry.rid, undefined, 10);
    expect(usages.map(stateOfUsage)).toEqual(["purged"]);
    expect((await readRegistryUsage(ports, registry.rid))?.left).toMatchObject({ blobs: 0, blobBytes: 0 });
  });

  it("is gone on with where it was cut short, and comes to the same", async () => {
    const { ports, registry } = await chaos(seededRandom(5), true);
    const document = (
      await ports.documents.read(partitions.registry(registry.rid), ids.registry, { fresh: true })
    )?.document as RegistryDocument;
    let runs = 0;
    while ((await recountRegistry(ports, log, document, { pages: 1 })) === undefined) {
      runs += 1;
      expect(await readRecount(ports, registry.rid)).toBeDefined();
    }
    expect(runs).toBeGreaterThanOrEqual(4);
    expect(await readRecountReport(ports, registry.rid)).toMatchObject({ drifts: 0, shards: 256 });
    const { usages } = await listRepositoryUsage(ports, registry.rid, undefined, 10);
    const once = usages.map(({ recount }) => recount);
    expect(await readRecount(ports, registry.rid)).toBeUndefined();
    await recountRegistry(ports, log, document, { pages: 10_000 });
    const again = (await listRepositoryUsage(ports, registry.rid, undefined, 10)).usages;
    expect(again.map(({ recount }) => recount)).toEqual(once);
  });

  it("is due when the last one is old enough", async () => {
    const { ports, registry, clock } = await open();
    await reconcileUsage(ports, log);
    const first = await readRecountReport(ports, registry.rid);
    clock.advance(ports.graces.recountSeconds * 1000 - 1);
    await reconcileUsage(ports, log);
    expect(await readRecountReport(ports, registry.rid)).toEqual(first);
    clock.advance(1);
    await reconcileUsage(ports, log);
    expect((await readRecountReport(ports, registry.rid))?.startedAt).toBe(clock.now());
  });

  it("leaves a registry's sums exact that were never counted", async () => {
    const { ports, registry } = await open();
    await pushBlob(ports, registry, "app", "ten bytes!");
    await reconcileUsage(ports, log);
    const usage: RegistryUsageDocument | undefined = await readRegistryUsage(ports, registry.rid);
    expect(usage).toMatchObject({ bytes: 10, blobs: 1, live: { blobs: 1, blobBytes: 10 } });
  });
});
