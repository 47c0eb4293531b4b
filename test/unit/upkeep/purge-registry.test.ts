import { describe, expect, it } from "vitest";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import {
  ensureRegistry,
  findRegistry,
  listRegistries,
  readRegistry,
} from "../../../shared/catalog/registries.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { asRegistryName, type RegistryName } from "../../../shared/domain/name.ts";
import type { CommitFate } from "../../../shared/memory/bend.ts";
import type { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { type Random, seededRandom } from "../../../shared/memory/random.ts";
import type { BlobProperties } from "../../../shared/ports/blob-store.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { deleteRegistry } from "../../../shared/tenancy/delete-registry.ts";
import { purgeRegistries } from "../../../shared/upkeep/collection/purge-registry.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { openCountedRegistry } from "../../support/counted-registry.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const log = createLog("silent", () => {});
const policies = { sparseManifests: false };

/** All documents with this registry's id in their partition, or that are of it. */
function documentsOf(documents: MemoryDocuments, rid: string): string[] {
  return [...documents.everything()].flatMap(([partition, all]) =>
    all
      .filter(({ document }) => partition.includes(rid) || JSON.stringify(document).includes(rid))
      .map(({ document, etag }) => `${partition} ${document.id} ${etag}`),
  );
}

/** A registry in which much has happened, with bytes in its container. */
async function fill(ports: Ports, random: Random): Promise<string> {
  const registry = await openCountedRegistry(ports, random(2) === 0);
  for (let step = 0; step < 40; step++) await registry.change(random);
  await consumeEvents(ports, log);
  const { storage } = (await readRegistry(ports, registry.rid))?.document ?? {};
  if (storage === undefined) throw new Error("the registry is not there");
  const properties: BlobProperties = { registry: registry.rid, repository: "app", digest: digest(), size: 5 };
  await ports.blobs.put({ ...storage, name: "u/2026-01-01/a" }, Buffer.from("bytes"), properties);
  return registry.rid;
}

const digest = () => `sha256:${"0".repeat(64)}` as BlobProperties["digest"];

/** Until the last request is over that may have found the registry. */
function purgeMillis({ graces }: Ports): number {
  return (graces.purgeSeconds + graces.skewSeconds + limits.registryCacheSeconds) * 1000;
}

describe("a registry that is deleted", () => {
  it("is found no more, and its name is free for another", async () => {
    const { ports } = openMemoryPorts();
    const name = "registry" as RegistryName;
    const first = await ensureRegistry(ports, name, policies);
    expect(await deleteRegistry(ports, first.rid)).toBe(true);
    expect(await findRegistry(ports, name)).toBeUndefined();
    expect(await deleteRegistry(ports, first.rid)).toBe(false);
    const second = await ensureRegistry(ports, name, policies);
    expect(second.rid).not.toBe(first.rid);
    expect(await findRegistry(ports, name)).toEqual(second);
    expect(await deleteRegistry(ports, "never-made")).toBe(false);
  });

  it("is purged when the last request is over, with all that it had, and nothing of another", async () => {
    const { ports, documents, blobs, clock } = openMemoryPorts();
    const rid = await fill(ports, seededRandom(1));
    clock.advance(1);
    const other = await fill(ports, seededRandom(2));
    const others = documentsOf(documents, other);
    await deleteRegistry(ports, rid);
    clock.advance(purgeMillis(ports) - 1);
    const before = documentsOf(documents, rid);
    expect(await purgeRegistries(ports, log)).toEqual({ purged: 0, more: false, next: clock.now() + 1 });
    expect(documentsOf(documents, rid)).toEqual(before);
    clock.advance(1);
    expect(await purgeRegistries(ports, log)).toEqual({ purged: 1, more: false, next: undefined });
    expect(documentsOf(documents, rid)).toEqual([]);
    expect(documentsOf(documents, other)).toEqual(others);
    const place = (container: string) => ({ account: "local", container, name: "u/2026-01-01/a" });
    expect(blobs.bytesAt(place(rid))).toBeUndefined();
    expect(blobs.bytesAt(place(other))).toBeDefined();
    await consumeEvents(ports, log);
    expect(documentsOf(documents, rid)).toEqual([]);
  });

  it("leaves its name to who has it now", async () => {
    const { ports, clock } = openMemoryPorts();
    const name = "registry" as RegistryName;
    const first = await ensureRegistry(ports, name, policies);
    await deleteRegistry(ports, first.rid);
    const second = await ensureRegistry(ports, name, policies);
    clock.advance(purgeMillis(ports));
    expect((await purgeRegistries(ports, log)).purged).toBe(1);
    expect(await findRegistry(ports, name)).toEqual(second);
    expect((await listRegistries(ports, undefined, 10)).registries).toMatchObject([{ rid: second.rid }]);
  });

  it("is purged in the end, however often that is cut short", async () => {
    for (let seed = 0; seed < 25; seed++) {
      const random = seededRandom(seed);
      const { ports, documents, clock } = openMemoryPorts({}, seed);
      const rid = await fill(ports, random);
      const landings: (() => void)[] = [];
      const bent = documents.store({
        around: async () => {
          if (random(40) === 0) throw new Error("a crash");
        },
        commitFate: (): CommitFate => (["lost", "late", "twice"] as const)[random(12)] ?? "done",
        later: (_, effect) => void landings.push(effect),
      });
      while ((await readRegistry(ports, rid))?.document.state === "live") {
        await deleteRegistry({ ...ports, documents: bent }, rid).catch(() => {});
      }
      for (const land of landings.splice(0)) land();
      clock.advance(purgeMillis(ports) + 1);
      for (let runs = 0; runs < 20; runs++) {
        await purgeRegistries({ ...ports, documents: bent }, log).catch(() => {});
        for (const land of landings.splice(0)) land();
      }
      while ((await purgeRegistries(ports, log)).more);
      expect(documentsOf(documents, rid), `seed ${seed}`).toEqual([]);
    }
  });

  it("is swept and purged no more by others from then on", async () => {
    const { ports, documents, clock } = openMemoryPorts();
    const rid = await fill(ports, seededRandom(3));
    await deleteRegistry(ports, rid);
    const before = documentsOf(documents, rid);
    clock.advance(1_000);
    await consumeEvents(ports, log);
    expect(documentsOf(documents, rid)).toEqual(before);
  });
});

describe("a registry whose creation was cut short", () => {
  it("goes when nobody can be making it any more, entered only or without its name", async () => {
    const name = asRegistryName("registry");
    if (name === undefined) throw new Error("not a registry's name");
    for (const commits of [1, 2]) {
      const { ports, documents, clock } = openMemoryPorts();
      let left = commits;
      const cut: Ports["documents"] = {
        ...ports.documents,
        commit: async (...args) => {
          if (left-- === 0) throw new Error("a crash");
          return await ports.documents.commit(...args);
        },
      };
      await expect(ensureRegistry({ ...ports, documents: cut }, name, policies)).rejects.toThrow("a crash");
      const [entry] = (await listRegistries(ports, undefined, 10)).registries;
      const { rid } = entry ?? { rid: "" };
      const kept = await ensureRegistry(ports, name, policies);
      await purgeRegistries(ports, log);
      expect(documentsOf(documents, rid)).toHaveLength(commits);
      clock.advance((ports.graces.requestSeconds + ports.graces.skewSeconds) * 1000);
      await purgeRegistries(ports, log);
      clock.advance(purgeMillis(ports));
      await purgeRegistries(ports, log);
      expect(documentsOf(documents, rid)).toEqual([]);
      expect(await findRegistry(ports, name)).toEqual(kept);
      const registered = ids.registryEntry(kept.rid);
      expect(await ports.documents.read(partitions.registries, registered, { fresh: true })).toBeDefined();
    }
  });
});
