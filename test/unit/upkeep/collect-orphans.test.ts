import { describe, expect, it } from "vitest";
import { holdBlob } from "../../../shared/catalog/blobs.ts";
import { condemnPlace } from "../../../shared/catalog/condemned-places.ts";
import { removeManifest } from "../../../shared/catalog/deletion/remove-manifest.ts";
import { leaveGeneration } from "../../../shared/catalog/generations.ts";
import { commitManifest } from "../../../shared/catalog/manifest-commit.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { ensureRepository } from "../../../shared/catalog/repositories.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { parseManifest } from "../../../shared/domain/manifest.ts";
import type { RegistryName, RepositoryName } from "../../../shared/domain/name.ts";
import { type Place, placeName } from "../../../shared/domain/place.ts";
import type { BlobStore } from "../../../shared/ports/blob-store.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { collectOrphans, findOrphans, firstDay } from "../../../shared/upkeep/orphans/collect-orphans.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const log = createLog("silent", () => {});
const name = "team/app" as RepositoryName;
const type = "application/vnd.oci.image.index.v1+json";
const dayMillis = 24 * 3600 * 1000;
/** After the last moment at which an upload of today may be at work, to the end of a day. */
const longEnough = limits.uploadSecondsMax * 1000 + 2 * 3600 * 1000 + dayMillis;

/** A store that keeps nothing beside the bytes, as a disk does. */
function withoutProperties(blobs: BlobStore): BlobStore {
  return {
    ...blobs,
    list: async (container, query) => {
      const page = await blobs.list(container, query);
      return { ...page, stored: page.stored.map(({ properties: _, ...stored }) => stored) };
    },
  };
}

async function open(keepsProperties: boolean) {
  const opened = openMemoryPorts();
  const blobs = keepsProperties ? opened.ports.blobs : withoutProperties(opened.ports.blobs);
  const ports = { ...opened.ports, blobs };
  const registry = await ensureRegistry(ports, "registry" as RegistryName, {
    sparseManifests: false,
    softDelete: { enabled: true, days: 30 },
  });
  const there = (place: Place) => opened.blobs.bytesAt(place) !== undefined;

  /** Stores bytes as a request does, and names them nowhere. */
  const store = async (text: string, repository: string = name): Promise<Place> => {
    const bytes = Buffer.from(text);
    const place = { ...registry.storage, name: placeName(opened.clock.now(), ports.ids.ulid()) };
    const digest = digestBytes("sha256", bytes);
    const properties = { registry: registry.rid, repository, digest, size: bytes.byteLength };
    await ports.blobs.put(place, bytes, properties);
    return place;
  };
  const pushBlob = async (text: string, repository: string = name): Promise<Place> => {
    const place = await store(text, repository);
    const digest = digestBytes("sha256", Buffer.from(text));
    const to = await ensureRepository(ports, registry, repository as RepositoryName);
    await holdBlob(ports, to, digest, { place, size: text.length }, "blob-push");
    return place;
  };
  const pushManifest = async (number: number) => {
    const content = JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      manifests: [],
      annotations: { n: `${number}` },
    });
    const digest = digestBytes("sha256", Buffer.from(content));
    const place = await store(content);
    const pushed = {
      digest,
      manifest: parseManifest(type, content),
      size: content.length,
      content: undefined,
      place,
    };
    await commitManifest(ports, await ensureRepository(ports, registry, name), pushed, []);
    return { digest, place };
  };
  return { ...opened, ports, registry, there, store, pushBlob, pushManifest };
}

describe.each([true, false])("orphans, where bytes carry what they are: %s,", (keepsProperties) => {
  it("are deleted when no upload of their day can be at work any more, and not before", async () => {
    const { ports, clock, there, store } = await open(keepsProperties);
    const orphan = await store("an orphan");
    clock.advance(limits.uploadSecondsMax * 1000 + 3600 * 1000);
    await collectOrphans(ports, log);
    expect(there(orphan)).toBe(true);
    clock.advance(dayMillis + 3600 * 1000);
    expect(await collectOrphans(ports, log)).toEqual({ more: false });
    expect(there(orphan)).toBe(false);
  });

  it("are not what a document names: blobs, manifests, whatever has become of them", async () => {
    const { ports, clock, registry, there, store, pushBlob, pushManifest } = await open(keepsProperties);
    const kept = [await pushBlob("a blob"), await pushBlob("of another", "other")];
    const live = await pushManifest(1);
    const deleted = await pushManifest(2);
    await removeManifest(ports, await ensureRepository(ports, registry, name), deleted.digest);
    kept.push(live.place, deleted.place);
    await leaveGeneration(ports, registry, name);
    kept.push((await pushManifest(3)).place, await pushBlob("a blob of the next generation"));
    const second = await store("a blob");
    const orphan = await store("named nowhere", "never/made");
    clock.advance(longEnough);
    await collectOrphans(ports, log);
    expect(kept.map(there)).toEqual(kept.map(() => true));
    expect([second, orphan].map(there)).toEqual([false, false]);
  });

  it("are not what is condemned and may still be read", async () => {
    const { ports, clock, there, store } = await open(keepsProperties);
    const place = await store("a manifest that was deleted");
    clock.advance(longEnough);
    await condemnPlace(ports, place);
    await collectOrphans(ports, log);
    expect(there(place)).toBe(true);
  });

  it("are shown before they are deleted", async () => {
    const { ports, clock, registry, there, store, pushBlob } = await open(keepsProperties);
    await pushBlob("a blob");
    const orphan = await store("an orphan");
    clock.advance(longEnough);
    const { orphans } = await findOrphans(ports, registry, firstDay(registry), { pages: 1_000 });
    expect(orphans).toMatchObject([{ place: orphan, size: 9 }]);
    expect(there(orphan)).toBe(true);
  });

  it("are looked for day by day, and where a run has stopped the next goes on", async () => {
    const { ports, clock, registry, there, store } = await open(keepsProperties);
    const orphans: Place[] = [];
    for (let day = 0; day < 5; day++) {
      orphans.push(await store(`orphan ${day}`));
      clock.advance(dayMillis);
    }
    clock.advance(longEnough);
    const first = await findOrphans(ports, registry, firstDay(registry), { pages: 3 });
    expect(first.orphans.map(({ place }) => place)).toEqual(orphans.slice(0, 2));
    const second = await findOrphans(ports, registry, first.day, { pages: 1_000 });
    expect(second.orphans.map(({ place }) => place)).toEqual(orphans.slice(2));
    await collectOrphans(ports, log);
    expect(orphans.some(there)).toBe(false);
    let lists = 0;
    const blobs: BlobStore = {
      ...ports.blobs,
      list: async (...args) => {
        lists += 1;
        return await ports.blobs.list(...args);
      },
    };
    await collectOrphans({ ...ports, blobs }, log);
    expect(lists).toBe(0);
  });
});

describe("when another region has begun to take writes", () => {
  it("orphans rest until it has been quiet, and then all days are looked at again", async () => {
    const { ports, clock, documents, there, store } = await open(true);
    clock.advance(longEnough);
    await collectOrphans(ports, log);
    // As if the documents that named it had been lost with the region before.
    const lost = { ...(await store("named once")), name: `${placeName(clock.now() - longEnough, "x")}` };
    await ports.blobs.put(lost, Buffer.from("x"), {
      registry: lost.container,
      repository: name,
      digest: digestBytes("sha256", Buffer.from("x")),
      size: 1,
    });
    await collectOrphans(ports, log);
    expect(there(lost)).toBe(true);
    documents.writeRegion = "elsewhere";
    await collectOrphans(ports, log);
    expect(there(lost)).toBe(true);
    clock.advance(ports.graces.quietSeconds * 1000);
    await collectOrphans(ports, log);
    expect(there(lost)).toBe(false);
  });
});
