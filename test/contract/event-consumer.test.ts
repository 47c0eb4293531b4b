import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holdBlob } from "../../shared/catalog/blobs.ts";
import { listRegistries, readRegistry } from "../../shared/catalog/registries.ts";
import { ensureRepository } from "../../shared/catalog/repositories.ts";
import { readConfig } from "../../shared/config.ts";
import { digestBytes } from "../../shared/domain/hash.ts";
import type { RepositoryName } from "../../shared/domain/name.ts";
import { placeName } from "../../shared/domain/place.ts";
import { seededRandom } from "../../shared/memory/random.ts";
import { openPorts } from "../../shared/open-ports.ts";
import type { Ports } from "../../shared/ports/ports.ts";
import { createLog } from "../../shared/telemetry/log.ts";
import { deleteRegistry } from "../../shared/tenancy/delete-registry.ts";
import { purgeRegistries } from "../../shared/upkeep/collection/purge-registry.ts";
import { workThrough } from "../../shared/upkeep/do-work.ts";
import { collectOrphans } from "../../shared/upkeep/orphans/collect-orphans.ts";
import { readRecountReport } from "../../shared/upkeep/recount/report.ts";
import { createUpkeep, type Upkeep } from "../../shared/upkeep/upkeep.ts";
import { startAzureEmulators } from "../support/azure-emulators.ts";
import { type CountedRegistry, openCountedRegistry } from "../support/counted-registry.ts";
import { cosmosCapabilities } from "./azure-cosmos/capabilities.ts";

interface Opened {
  readonly ports: Ports;
  close(): Promise<void>;
}

/** An account that nothing else uses, by the settings of a registry; see docs/live-checks.md. */
const account = process.env["COSMOS_ENDPOINT"] !== undefined && process.env["STORAGE_ACCOUNTS"] !== undefined;

/** `changes`: whether its change feed goes on from a cursor. */
const stores: readonly { name: string; open: () => Promise<Opened>; changes: boolean }[] = [
  { name: "this machine's disk", open: openLocal, changes: true },
  account
    ? {
        name: "Azure's services",
        open: async () => await openPorts(readConfig(process.env)),
        changes: true,
      }
    : {
        name: "emulators of Azure's services",
        open: openEmulated,
        changes: cosmosCapabilities.cosmosServer.changes,
      },
];

async function openLocal(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), "portolan-events-"));
  const { ports, close } = await openPorts(readConfig({ DATA_DIR: folder }));
  return {
    ports,
    close: async () => {
      await close();
      await rm(folder, { recursive: true });
    },
  };
}

async function openEmulated(): Promise<Opened> {
  const emulators = await startAzureEmulators();
  const { ports, close } = await openPorts(readConfig(emulators.environment));
  return {
    ports,
    close: async () => {
      await close();
      await emulators.stop();
    },
  };
}

describe.each(stores)("on $name, the event consumer", ({ open, changes }) => {
  let opened: Opened | undefined;
  let upkeep: Upkeep;
  let registry: CountedRegistry;
  let ports: Ports;
  beforeAll(async () => {
    opened = await open();
    ({ ports } = opened);
    upkeep = createUpkeep(
      ports,
      createLog("silent", () => {}),
      true,
    );
    registry = await openCountedRegistry({ ...ports, documents: upkeep.documents });
  });
  afterAll(async () => {
    await upkeep.settled();
    await opened?.close();
  });
  const work = async () =>
    await workThrough(ports.work, "events", async (message) => await upkeep.work("events", message));

  it("is woken by a push, and has it counted a moment later", async () => {
    await registry.pushBlob("app", "ten bytes!");
    await expect.poll(work, { timeout: 10_000 }).toBeGreaterThan(0);
    const { bytes, blobs, repositories } = await registry.counted();
    expect({ bytes, blobs }).toEqual({ bytes: 10, blobs: 1 });
    expect(repositories["app"]).toMatchObject({ blobs: 1, blobBytes: 10 });
  });

  it.runIf(changes)("counts all of what many change, while several of it are at work", async () => {
    const random = seededRandom(7);
    let writing = true;
    const consumers = [1, 2, 3].map(async (number) => {
      const another = createUpkeep(
        ports,
        createLog("silent", () => {}),
        true,
      );
      while (writing) {
        await another.tick("events");
        await new Promise((resolve) => setTimeout(resolve, 10 * number));
      }
    });
    for (let change = 0; change < 60; change++) await registry.change(random);
    writing = false;
    await Promise.all(consumers);
    await upkeep.tick("events");
    expect(await registry.counted()).toEqual(await registry.recount());
  });

  it.runIf(changes)("is found to be right by a recount, which says so", async () => {
    await upkeep.tick("usage");
    const report = await readRecountReport(ports, registry.rid);
    expect(report).toMatchObject({ shards: 256, drifts: 0, unsettled: 0 });
    expect(await registry.counted()).toEqual(await registry.recount());
  });

  it("is not needed to tell bytes that a document names from those that none does", async () => {
    const { rid } = registry;
    const found = await readRegistry(ports, rid);
    if (found === undefined) throw new Error("the registry is not there");
    const app = await ensureRepository(ports, found.document, "app" as RepositoryName);
    const store = async (text: string) => {
      const bytes = Buffer.from(text);
      const place = { ...found.document.storage, name: placeName(Date.now(), ports.ids.ulid()) };
      const digest = digestBytes("sha256", bytes);
      await ports.blobs.put(place, bytes, { registry: rid, repository: "app", digest, size: bytes.length });
      return { place, digest, size: bytes.length };
    };
    const [named, orphan] = [await store("named bytes"), await store("an orphan")];
    await holdBlob(ports, app, named.digest, named, "blob-push");
    const later = { ...ports, clock: { now: () => Date.now() + 9 * 24 * 3600 * 1000 } };
    await collectOrphans(
      later,
      createLog("silent", () => {}),
    );
    expect(await ports.blobs.open(orphan.place, 0, 8)).toBeUndefined();
    const left = await ports.blobs.open(named.place, 0, 10);
    expect(Buffer.concat(await Array.fromAsync(left ?? [])).toString()).toBe("named bytes");
  });

  it("has nothing left of a registry that was deleted, when it is purged", async () => {
    const random = seededRandom(11);
    for (let step = 0; step < 10; step++) await registry.change(random);
    const { rid } = registry;
    expect(await deleteRegistry(ports, rid)).toBe(true);
    const later = { ...ports, clock: { now: () => Date.now() + 10 * 24 * 3600 * 1000 } };
    const log = createLog("silent", () => {});
    const shown = (await ports.documents.changes(undefined, 1_000)).changes;
    const of = shown.filter(({ partition }) => partition.includes(rid));
    expect(of.length).toBeGreaterThan(10);
    expect((await purgeRegistries(later, log)).purged).toBe(1);
    for (const { partition, stored } of of) {
      expect(await ports.documents.read(partition, stored.document.id, { fresh: true })).toBeUndefined();
    }
    expect((await listRegistries(ports, undefined, 10)).registries).toEqual([]);
  });
});
