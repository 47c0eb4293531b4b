import { describe, expect, it } from "vitest";
import { holdBlob } from "../../../shared/catalog/blobs.ts";
import { removeManifest } from "../../../shared/catalog/deletion/remove-manifest.ts";
import type { RegistryDocument, RegistryUsageDocument } from "../../../shared/catalog/documents.ts";
import { leaveGeneration } from "../../../shared/catalog/generations.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import { commitManifest } from "../../../shared/catalog/manifest-commit.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { ensureRepository, findRepository } from "../../../shared/catalog/repositories.ts";
import { listRepositoryUsage, readRegistryUsage, stateOfUsage } from "../../../shared/catalog/usage.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { parseManifest } from "../../../shared/domain/manifest.ts";
import type { RegistryName, RepositoryName, Tag } from "../../../shared/domain/name.ts";
import type { CommitFate } from "../../../shared/memory/bend.ts";
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

const log = createLog("silent", () => {});
const type = "application/vnd.oci.image.manifest.v1+json";

async function pushBlob(
  ports: Ports,
  registry: RegistryDocument,
  name: string,
  text: string,
): Promise<Digest> {
  const digest = digestBytes("sha256", Buffer.from(text));
  const repository = await ensureRepository(ports, registry, name as RepositoryName);
  const place = { account: "local", container: registry.rid, name: `u/2026-01-01/${ports.ids.nonce()}` };
  await holdBlob(ports, repository, digest, { place, size: text.length }, "blob-push");
  return digest;
}

/** An image of blobs with these texts. */
async function pushImage(
  ports: Ports,
  registry: RegistryDocument,
  name: string,
  tag: string,
  texts: readonly string[],
): Promise<Digest> {
  const layers: object[] = [];
  for (const text of texts) {
    const digest = await pushBlob(ports, registry, name, text);
    layers.push({ mediaType: "application/octet-stream", digest, size: text.length });
  }
  const [config] = layers;
  const content = JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers });
  const digest = digestBytes("sha256", Buffer.from(content));
  const manifest = parseManifest(type, content);
  const pushed = { digest, manifest, size: content.length, content, place: undefined };
  const repository = await ensureRepository(ports, registry, name as RepositoryName);
  await commitManifest(ports, repository, pushed, [tag as Tag]);
  return digest;
}

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

async function open(softDelete = true) {
  const opened = openMemoryPorts();
  const registry = await ensureRegistry(opened.ports, "registry" as RegistryName, {
    sparseManifests: false,
    softDelete: { enabled: softDelete, days: 7 },
  });
  return { ...opened, registry };
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

  it("tells what only a repository has, what it shares, and what only deleted manifests keep", async () => {
    const { ports, registry } = await open();
    const first = await pushImage(ports, registry, "app", "v1", ["shared", "only of v1", "of both"]);
    await pushImage(ports, registry, "app", "v2", ["of both", "two"]);
    await pushImage(ports, registry, "base", "v1", ["shared"]);
    const app = await ensureRepository(ports, registry, "app" as RepositoryName);
    await removeManifest(ports, app, first);
    await consumeEvents(ports, log);
    await reconcileUsage(ports, log);
    const { usages } = await listRepositoryUsage(ports, registry.rid, undefined, 10);
    const at = ports.clock.now();
    expect(usages).toMatchObject([
      {
        repository: "app",
        recount: {
          at,
          uniqueBlobs: 3,
          uniqueBytes: "only of v1of bothtwo".length,
          sharedBlobs: 1,
          sharedBytes: 6,
          restorableBlobs: 2,
          restorableBytes: "sharedonly of v1".length,
        },
      },
      {
        repository: "base",
        recount: { at, uniqueBlobs: 0, sharedBlobs: 1, sharedBytes: 6, restorableBlobs: 0 },
      },
    ]);
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

  it("adds up the same however often it crashes, and whatever is lost", async () => {
    let crashes = 0;
    for (let seed = 0; seed < 15; seed++) {
      const random = seededRandom(seed);
      const { ports, documents, registry } = await open();
      await pushImage(ports, registry, "app", "v1", ["shared", "only of v1", "of both"]);
      await pushImage(ports, registry, "app", "v2", ["of both", "two"]);
      await pushImage(ports, registry, "base", "v1", ["shared"]);
      await consumeEvents(ports, log);
      const bent = documents.store({
        around: async () => {
          if (random(400) > 0) return;
          crashes += 1;
          throw new Error("a crash");
        },
        commitFate: (): CommitFate => (["lost", "twice"] as const)[random(8)] ?? "done",
      });
      while ((await readRecountReport(ports, registry.rid)) === undefined) {
        await recountRegistry({ ...ports, documents: bent }, log, registry, { pages: 10_000 }).catch(
          () => {},
        );
      }
      const { usages } = await listRepositoryUsage(ports, registry.rid, undefined, 10);
      expect(usages, `seed ${seed}`).toMatchObject([
        { repository: "app", recount: { uniqueBlobs: 3, sharedBlobs: 1, sharedBytes: 6 } },
        { repository: "base", recount: { uniqueBlobs: 0, sharedBlobs: 1, sharedBytes: 6 } },
      ]);
    }
    expect(crashes).toBeGreaterThan(15);
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
