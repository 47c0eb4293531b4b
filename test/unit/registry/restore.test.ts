import { expect, test } from "vitest";
import { listDeletedTags } from "../../../shared/catalog/deletion/deleted-tags.ts";
import type { EventDocument } from "../../../shared/catalog/documents.ts";
import { ids } from "../../../shared/catalog/keys.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { lockRepository } from "../../../shared/registry/change-locks.ts";
import { deleteBlob } from "../../../shared/registry/delete-blob.ts";
import { purgeDeletedManifest } from "../../../shared/registry/purge-deleted.ts";
import { type Restoration, restoreManifest } from "../../../shared/registry/restore-manifest.ts";
import {
  imageOf,
  indexOf,
  losing,
  MemoryRegistry,
  name,
  noteOf,
  type Sample,
  soft,
  tagOf,
  wideManifest,
} from "./memory-registry.ts";

const note = noteOf("a note");
const other = noteOf("another");
const day = 24 * 3600 * 1000;

async function restore(
  at: MemoryRegistry,
  what: Sample,
  tag?: string,
  force = false,
  ports: Ports = at.ports,
) {
  const how: Restoration = { ...(tag === undefined ? {} : { tag: tagOf(tag) }), force };
  return await restoreManifest(ports, await at.registry(), name, what.digest, how);
}

async function deletedTags(at: MemoryRegistry): Promise<string[]> {
  const { tags } = await listDeletedTags(at.ports, await at.repository(), undefined, 100);
  return tags.map(({ tag }) => tag);
}

test("a deleted manifest comes back with the tag that is asked for, with its date and what it holds", async () => {
  const at = new MemoryRegistry({ ...soft, sparseManifests: true });
  const subject = imageOf(Buffer.from("c"), [], {
    subject: { mediaType: "a/b", digest: note.digest, size: 1 },
  });
  for (const manifest of [note, wideManifest(), subject]) {
    await at.push(manifest, ["a", "b"]);
    const before = await at.pull(manifest);
    await at.delete(manifest);
    at.clock.advance(day);
    await restore(at, manifest, "a");
    const after = await at.pull("a");
    expect([after?.digest, after?.createdAt, after?.content]).toEqual([
      manifest.digest,
      before?.createdAt,
      before?.content,
    ]);
    expect(await at.pull("b")).toBeUndefined();
    at.expectWhole();
    await at.delete(manifest);
  }
});

test("the restored tag is among the deleted ones no more, and the restoration has its event", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note, ["a", "b"]);
  await at.delete(note);
  await restore(at, note, "a");
  expect(await deletedTags(at)).toEqual(["b"]);
  const [event] = at.of<EventDocument>("event").filter(({ action }) => action === "manifest-restore");
  expect(event).toMatchObject({
    digest: note.digest,
    tags: ["a"],
    usage: { manifests: 1, tags: 1, deletedTags: -1 },
  });
});

test("a manifest can come back without a tag, and with one that it never had", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note, ["a"]);
  await at.delete(note);
  at.clock.advance(day);
  await restore(at, note);
  expect((await at.pull(note))?.tagLeftAt).toBe(at.clock.now());
  expect(await at.pull("a")).toBeUndefined();
  await restore(at, note, "new");
  expect((await at.pull("new"))?.digest).toBe(note.digest);
  at.expectWhole();
});

test("a live manifest that lost a tag gets it back, and to ask twice changes nothing", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note, ["a"]);
  await at.delete("a");
  await restore(at, note, "a");
  expect(await deletedTags(at)).toEqual([]);
  const events = at.events().length;
  await restore(at, note, "a");
  await restore(at, note);
  expect(at.events()).toHaveLength(events);
  at.expectWhole();
});

test("an index comes back with the deleted manifests that it needs", async () => {
  const at = new MemoryRegistry(soft);
  const [config, layer] = [Buffer.from("{}"), Buffer.from("layer")];
  await at.pushBlob(config);
  await at.pushBlob(layer);
  const images = [imageOf(config, [layer]), imageOf(config, [layer, layer], { annotations: { a: "b" } })];
  const inner = indexOf(images);
  const outer = indexOf([inner]);
  for (const manifest of [...images, inner]) await at.push(manifest);
  await at.push(outer, ["latest"]);
  for (const manifest of [outer, inner, ...images]) await at.delete(manifest);
  at.expectWhole();
  await restore(at, outer, "latest");
  for (const manifest of [outer, inner, ...images]) expect(await at.pull(manifest)).toBeDefined();
  at.expectWhole();
});

test("what lacks something that it needs does not come back", async () => {
  const at = new MemoryRegistry(soft);
  const [config, layer] = [Buffer.from("{}"), Buffer.from("layer")];
  await at.pushBlob(config);
  await at.pushBlob(layer);
  const image = imageOf(config, [layer]);
  const index = indexOf([image]);
  await at.push(image);
  await at.push(index);
  await at.delete(index);
  await at.delete(image);
  const registry = await at.registry();
  await purgeDeletedManifest(at.ports, registry, name, image.digest);
  await expect(restore(at, index)).rejects.toMatchObject({ code: "MANIFEST_BLOB_UNKNOWN" });
  await at.push(image);
  await at.delete(image);
  await deleteBlob(at.ports, registry, name, digestBytes("sha256", layer));
  await expect(restore(at, image)).rejects.toMatchObject({ code: "MANIFEST_BLOB_UNKNOWN" });
  await expect(restore(at, index)).rejects.toMatchObject({ code: "MANIFEST_BLOB_UNKNOWN" });
  at.expectWhole();
});

test("what was never there, or is purged, cannot be restored", async () => {
  const at = new MemoryRegistry(soft);
  await expect(restore(at, note)).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
  await at.push(other);
  await expect(restore(at, note, "a")).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
  await at.push(note);
  await at.delete(note);
  await purgeDeletedManifest(at.ports, await at.registry(), name, note.digest);
  await expect(restore(at, note)).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
  at.expectWhole();
});

test("a tag that means something else is in the way, and with force moves and can itself be restored", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note, ["a"]);
  await at.delete(note);
  await at.push(other, ["a"]);
  await expect(restore(at, note, "a")).rejects.toMatchObject({ code: "DENIED", status: 409 });
  expect(await at.pull(note)).toBeUndefined();
  await restore(at, note, "a", true);
  expect((await at.pull("a"))?.digest).toBe(note.digest);
  at.expectWhole();
  await restore(at, other, "a", true);
  expect((await at.pull("a"))?.digest).toBe(other.digest);
  expect(await deletedTags(at)).toEqual(["a"]);
  at.expectWhole();
});

test("nothing is restored in a locked repository", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note);
  await at.delete(note);
  await lockRepository(at.ports, await at.registry(), name, { write: true });
  await expect(restore(at, note)).rejects.toMatchObject({ code: "DENIED" });
});

/** At each kind of call, and so each time that it matters, a rival comes between. */
const moments = ["read ", "list ", "commit "].flatMap((call) =>
  [`${ids.manifest(note.digest)}`, ids.tag("a"), ""].map(
    (end) => (met: string) => met.startsWith(call) && met.endsWith(end),
  ),
);

test("a restoration that meets a push, or another restoration, comes to the same", async () => {
  for (const when of moments) {
    for (const rival of ["push", "restore"] as const) {
      const at = new MemoryRegistry(soft);
      await at.push(note, ["a"]);
      await at.delete(note);
      const ports = at.meeting(when, () =>
        rival === "push" ? at.push(note, ["a"]) : restore(at, note, "a"),
      );
      await restore(at, note, "a", false, ports);
      expect((await at.pull("a"))?.digest).toBe(note.digest);
      at.expectWhole();
    }
  }
});

test("a restoration that meets a purge restores it whole, or says that it is gone", async () => {
  for (const when of moments) {
    for (const manifest of [note, wideManifest()]) {
      const at = new MemoryRegistry({ ...soft, sparseManifests: true });
      await at.push(manifest, ["a"]);
      await at.delete(manifest);
      const registry = await at.registry();
      const ports = at.meeting(when, () =>
        purgeDeletedManifest(at.ports, registry, name, manifest.digest).catch(() => {}),
      );
      const restored = await restore(at, manifest, "a", false, ports).then(
        () => true,
        (error: { code?: string }) => {
          expect(error.code).toBe("MANIFEST_UNKNOWN");
          return false;
        },
      );
      expect((await at.pull("a")) !== undefined).toBe(restored);
      at.expectWhole();
    }
  }
});

test("a purge that meets a restoration leaves it whole, or takes it before", async () => {
  for (const when of moments) {
    const at = new MemoryRegistry(soft);
    await at.push(note, ["a"]);
    await at.delete(note);
    let restored = false;
    const ports = at.meeting(when, async () => {
      restored = await restore(at, note, "a").then(
        () => true,
        () => false,
      );
    });
    const registry = await at.registry();
    await purgeDeletedManifest(ports, registry, name, note.digest).catch(() => {});
    expect((await at.pull("a")) !== undefined).toBe(restored);
    at.expectWhole();
  }
});

test("a restoration whose reply is lost is made and counted once", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note, ["a"]);
  await at.delete(note);
  let lost = false;
  const ports = at.bent(
    losing((call) => {
      if (lost || !call.startsWith("commit r~")) return false;
      lost = true;
      return true;
    }),
  );
  await restore(at, note, "a", false, ports);
  expect(lost).toBe(true);
  expect(at.events().filter((action) => action === "manifest-restore")).toHaveLength(1);
  at.expectWhole();
});

test("a restored manifest keeps its children from collection as a pushed one does", async () => {
  const at = new MemoryRegistry(soft);
  const config = Buffer.from("{}");
  await at.pushBlob(config);
  const image = imageOf(config, []);
  await at.push(image);
  await at.delete(image);
  at.clock.advance(3 * day);
  await restore(at, image);
  const [link] = at.of<{ kind: "link"; leaseUntil: number }>("link");
  expect(link?.leaseUntil).toBeGreaterThan(at.clock.now() + 3600 * 1000 - 1);
});
