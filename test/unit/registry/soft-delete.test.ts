import { expect, test } from "vitest";
import { listDeletedManifests, purgeExpired } from "../../../shared/catalog/deletion/deleted-manifests.ts";
import { listDeletedTags } from "../../../shared/catalog/deletion/deleted-tags.ts";
import { removeManifest } from "../../../shared/catalog/deletion/remove-manifest.ts";
import { ids } from "../../../shared/catalog/keys.ts";
import { removeTag } from "../../../shared/catalog/tags.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { purgeDeletedManifest, purgeDeletedTag } from "../../../shared/registry/purge-deleted.ts";
import {
  losing,
  MemoryRegistry,
  must,
  name,
  noteOf,
  type Sample,
  soft,
  tagOf,
  wideManifest,
} from "./memory-registry.ts";

const note = noteOf("a note");
const day = 24 * 3600 * 1000;

/** Gives the manifest so many tags. */
async function pushTagged(at: MemoryRegistry, manifest: Sample, count: number): Promise<string[]> {
  const tags = Array.from({ length: count }, (_, number) => `t${number}`);
  for (let from = 0; from < count; from += limits.tagsPerPutMax) {
    await at.push(manifest, tags.slice(from, from + limits.tagsPerPutMax));
  }
  return tags;
}

test("a manifest that is deleted softly is gone for readers with its tags, and both are listed as deleted", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note, ["a", "b"]);
  await at.delete(note);
  expect(await at.pull(note)).toBeUndefined();
  expect(await at.pull("a")).toBeUndefined();
  const repository = await at.repository();
  const { manifests, next } = await listDeletedManifests(at.ports, repository, undefined, 10);
  expect(manifests.map(({ digest, deletedAt }) => [digest, deletedAt])).toEqual([
    [note.digest, at.clock.now()],
  ]);
  expect(next).toBeUndefined();
  const { tags } = await listDeletedTags(at.ports, repository, undefined, 10);
  expect(tags.map(({ tag, digest }) => [tag, digest])).toEqual([
    ["a", note.digest],
    ["b", note.digest],
  ]);
  at.expectWhole();
});

test("without soft delete nothing of it is kept", async () => {
  const at = new MemoryRegistry();
  await at.push(note, ["a", "b"]);
  await at.delete("b");
  await at.delete(note);
  at.expectWhole();
  for (const kind of ["manifest", "edge", "manifest-tag", "deleted-tag"]) expect(at.of(kind)).toEqual([]);
});

test("a manifest with more tags than a commit has room for is deleted softly with all of them", async () => {
  const sparse = new MemoryRegistry({ ...soft, sparseManifests: true });
  const named = await pushTagged(sparse, wideManifest(), 130);
  await sparse.delete(wideManifest());
  sparse.expectWhole();
  const listed: string[] = [];
  const repository = await sparse.repository();
  for (let after: string | undefined, more = true; more; ) {
    const page = await listDeletedTags(sparse.ports, repository, after, 50);
    listed.push(...page.tags.map(({ tag }) => tag));
    after = page.tags.at(-1)?.id;
    more = page.more;
  }
  expect(listed.sort()).toEqual([...named].sort());
});

test("a tag can be deleted and pushed again within one millisecond, each time kept", async () => {
  const at = new MemoryRegistry(soft);
  for (let times = 0; times < 5; times++) {
    await at.push(note, ["a"]);
    await at.delete(times % 2 === 0 ? "a" : note);
  }
  at.expectWhole();
  const { tags } = await listDeletedTags(at.ports, await at.repository(), undefined, 10);
  expect(tags).toHaveLength(5);
});

test("a push over a deleted manifest makes it live, whatever it has of edges and tags", async () => {
  const at = new MemoryRegistry({ ...soft, sparseManifests: true });
  for (const manifest of [note, wideManifest()]) {
    await at.push(manifest, ["a"]);
    await at.delete(manifest);
    at.clock.advance(1000);
    await at.push(manifest, ["b"]);
    const pulled = must(await at.pull("b"));
    expect([pulled.digest, pulled.deletedAt, pulled.createdAt]).toEqual([
      manifest.digest,
      undefined,
      at.clock.now(),
    ]);
    at.expectWhole();
  }
});

test("a push of a deleted manifest's bytes as another type is that type, and what was deleted cannot come back", async () => {
  const at = new MemoryRegistry(soft);
  const bytes = Buffer.from(JSON.stringify({ untyped: true }));
  const one = { mediaType: "application/vnd.example.one+json", bytes, digest: digestBytes("sha256", bytes) };
  await at.push(one, ["a"]);
  await at.delete(one);
  await at.push({ ...one, mediaType: "application/vnd.example.two+json" }, ["a"]);
  expect((await at.pull("a"))?.mediaType).toBe("application/vnd.example.two+json");
  expect(at.events().filter((action) => action === "manifest-purge")).toHaveLength(1);
  at.expectWhole();
});

test("whatever reply of a soft deletion is lost, it is done and counted once", async () => {
  for (const partition of ["r~"]) {
    for (let nth = 1; nth <= 4; nth++) {
      const at = new MemoryRegistry({ ...soft, sparseManifests: true });
      await pushTagged(at, wideManifest(), 70);
      let seen = 0;
      const ports = at.bent(losing((call) => call.startsWith(`commit ${partition}`) && ++seen === nth));
      await at.delete(wideManifest(), ports);
      expect(seen).toBeGreaterThanOrEqual(Math.min(nth, 4));
      expect(at.events().filter((action) => action === "manifest-delete")).toHaveLength(1);
      at.expectWhole();
    }
  }
});

test("what was deleted before a time is given up, the longest deleted first, and it is told what comes next", async () => {
  const at = new MemoryRegistry(soft);
  const notes = Array.from({ length: 4 }, (_, number) => noteOf(`note ${number}`));
  const start = at.clock.now();
  for (const [number, each] of notes.entries()) {
    await at.push(each, [`t${number}`]);
    await at.delete(each);
    at.clock.advance(day);
  }
  const repository = await at.repository();
  const before = start + 2 * day;
  expect(await purgeExpired(at.ports, repository, before, 100)).toEqual({
    manifests: 2,
    tags: 2,
    next: before,
  });
  at.expectWhole();
  expect(await purgeExpired(at.ports, repository, before, 100)).toEqual({
    manifests: 0,
    tags: 0,
    next: before,
  });
  // Two of four are looked at: there may be more.
  const end = start + 9 * day;
  expect(await purgeExpired(at.ports, repository, end, 2)).toEqual({ manifests: 1, tags: 1, next: before });
  expect(await purgeExpired(at.ports, repository, end, 100)).toEqual({
    manifests: 1,
    tags: 1,
    next: undefined,
  });
  at.expectWhole();
  expect(at.of("manifest")).toEqual([]);
});

test("more than a hundred tags are given up in a few commits", async () => {
  const at = new MemoryRegistry(soft);
  await pushTagged(at, note, 120);
  await at.delete(note);
  at.clock.advance(1);
  const purged = await purgeExpired(at.ports, await at.repository(), at.clock.now(), 1000);
  expect(purged).toEqual({ manifests: 1, tags: 120, next: undefined });
  at.expectWhole();
  expect(at.events().filter((action) => action === "tag-purge")).toHaveLength(2);
});

test("a purge says when there is nothing to give up", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note, ["a"]);
  const registry = await at.registry();
  await expect(purgeDeletedManifest(at.ports, registry, name, note.digest)).rejects.toMatchObject({
    code: "MANIFEST_UNKNOWN",
  });
  await expect(purgeDeletedTag(at.ports, registry, name, tagOf("a"))).rejects.toMatchObject({
    code: "TAG_UNKNOWN",
  });
  await at.delete("a");
  await at.push(note, ["a"]);
  await at.delete("a");
  await purgeDeletedTag(at.ports, registry, name, tagOf("a"));
  at.expectWhole();
  expect(at.of("deleted-tag")).toEqual([]);
});

test("a deletion of what was seen leaves alone what has changed since", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note, ["a"]);
  const repository = await at.repository();
  const etagOf = async (id: string) =>
    must(await at.ports.documents.read(repository.partition, id, { fresh: true })).etag;
  const [manifest, tag] = [await etagOf(ids.manifest(note.digest)), await etagOf(ids.tag("a"))];
  await at.push(note, ["a"]);
  expect(await removeManifest(at.ports, repository, note.digest, { ifEtag: manifest })).toBe(false);
  expect(await removeTag(at.ports, repository, tagOf("a"), { ifEtag: tag })).toBe(false);
  expect(await at.pull("a")).toBeDefined();
  const seenTag = await etagOf(ids.tag("a"));
  expect(await removeTag(at.ports, repository, tagOf("a"), { ifEtag: seenTag })).toBe(true);
  const seen = await etagOf(ids.manifest(note.digest));
  expect(await removeManifest(at.ports, repository, note.digest, { ifEtag: seen })).toBe(true);
  at.expectWhole();
});

test("a final deletion takes the last pull along", async () => {
  const at = new MemoryRegistry();
  await at.push(note);
  const { partition } = await at.repository();
  const document = { id: ids.lastPull(note.digest), kind: "last-pull", schema: 1, writer: "w" };
  await at.ports.documents.commit(partition, [{ op: "create", document }]);
  await at.delete(note);
  expect(at.of("last-pull")).toEqual([]);
});
