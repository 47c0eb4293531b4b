import { expect, test } from "vitest";
import { listRepositories } from "../../../shared/catalog/catalog-entries.ts";
import type { Lock } from "../../../shared/catalog/documents.ts";
import type { LockChanges } from "../../../shared/catalog/locks/change-locks.ts";
import type { RegistryPolicies } from "../../../shared/catalog/registry-documents.ts";
import { RepositoryDirectory } from "../../../shared/catalog/repository-directory.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { asRepositoryName } from "../../../shared/domain/name.ts";
import { lockManifest, lockRepository, lockTag } from "../../../shared/registry/change-locks.ts";
import { deleteRepository } from "../../../shared/registry/delete-repository.ts";
import { listTags } from "../../../shared/registry/list-tags.ts";
import { mountBlob } from "../../../shared/registry/mount-blob.ts";
import { readBlob } from "../../../shared/registry/read-blob.ts";
import { MemoryRegistry, must, name, noteOf, soft, tagOf } from "./memory-registry.ts";

const note = noteOf("a note");
const other = noteOf("another");
const elsewhere = must(asRepositoryName("elsewhere"));
const undeletable = { code: "UNSUPPORTED", status: 405 };
const denied = { code: "DENIED", status: 403 };

async function opened(policies: Partial<RegistryPolicies> = soft): Promise<MemoryRegistry> {
  const at = new MemoryRegistry(policies);
  await at.push(note, ["a", "b"]);
  return at;
}

const onTag = async (at: MemoryRegistry, tag: string, changes: LockChanges) =>
  await lockTag(at.ports, await at.registry(), name, tagOf(tag), changes);
const onManifest = async (at: MemoryRegistry, changes: LockChanges) =>
  await lockManifest(at.ports, await at.registry(), name, note.digest, changes);
const onRepository = async (at: MemoryRegistry, changes: LockChanges) =>
  await lockRepository(at.ports, await at.registry(), name, changes);

const tagNames = async (at: MemoryRegistry, last: string | undefined, limit: number) =>
  await listTags(at.ports, await at.repository(), name, last, limit);

test("locks are set and lifted one by one", async () => {
  const at = await opened();
  expect((await onTag(at, "a", { delete: true, read: false })).locks).toEqual(["delete"]);
  expect((await onTag(at, "a", { read: true })).locks).toEqual(["delete", "read"]);
  expect((await onTag(at, "a", { delete: false, read: false })).locks).toBeUndefined();
  expect((await onManifest(at, { list: true })).locks).toEqual(["list"]);
  expect((await onRepository(at, { write: true })).locks).toEqual(["write"]);
  expect((await at.repository()).locks).toEqual(["write"]);
  at.expectWhole();
});

test("a tag that may not be deleted, or not be written, is deleted neither alone nor with its manifest", async () => {
  for (const lock of ["delete", "write"] satisfies Lock[]) {
    const at = await opened();
    await onTag(at, "a", { [lock]: true });
    at.expectWhole();
    await expect(at.delete("a")).rejects.toMatchObject(undeletable);
    await expect(at.delete(note)).rejects.toMatchObject(undeletable);
    await at.delete("b");
    await onTag(at, "a", { [lock]: false });
    await at.delete(note);
    at.expectWhole();
  }
});

test("a manifest that may not be deleted, or not be written, stays, and its tags can go", async () => {
  for (const lock of ["delete", "write"] satisfies Lock[]) {
    const at = await opened();
    await onManifest(at, { [lock]: true });
    await expect(at.delete(note)).rejects.toMatchObject(undeletable);
    await at.delete("a");
    expect((await at.pull(note))?.locks).toEqual([lock]);
  }
});

test("a tag that may not be written does not move, but to where it is", async () => {
  const at = await opened();
  await onTag(at, "a", { write: true });
  await expect(at.push(other, ["c", "a"])).rejects.toMatchObject(denied);
  expect(await at.pull(other)).toBeUndefined();
  await at.push(note, ["a"]);
  expect((await at.tag("a"))?.locks).toEqual(["write"]);
  at.expectWhole();
});

test("a tag that may only not be deleted moves, and is still in the way where it comes to", async () => {
  const at = await opened();
  await onTag(at, "a", { delete: true });
  await at.push(other, ["a"]);
  at.expectWhole();
  await at.delete(note);
  await expect(at.delete(other)).rejects.toMatchObject(undeletable);
});

test("a manifest that may not be written is not pushed again and gets no more tags", async () => {
  const at = await opened();
  await onManifest(at, { write: true });
  await expect(at.push(note)).rejects.toMatchObject(denied);
  await expect(at.push(note, ["c"])).rejects.toMatchObject(denied);
});

test("what may not be read is not pulled", async () => {
  const at = await opened();
  await onTag(at, "a", { read: true });
  await expect(at.pull("a")).rejects.toMatchObject(denied);
  expect(await at.pull("b")).toBeDefined();
  await onManifest(at, { read: true });
  await expect(at.pull("b")).rejects.toMatchObject(denied);
  await expect(at.pull(note)).rejects.toMatchObject(denied);
});

test("of a repository that may not be read nothing is pulled or mounted, but what is pushed is found", async () => {
  const at = await opened();
  const layer = Buffer.from("layer");
  const digest = digestBytes("sha256", layer);
  await at.pushBlob(layer);
  await onRepository(at, { read: true });
  await expect(at.pull(note)).rejects.toMatchObject(denied);
  const repository = await at.repository();
  await expect(readBlob(at.ports, repository, digest, false)).rejects.toMatchObject(denied);
  expect((await readBlob(at.ports, repository, digest, true)).size).toBe(layer.byteLength);
  const registry = await at.registry();
  expect(await mountBlob(at.ports, registry, elsewhere, digest, name, () => true)).toBe(false);
  await onRepository(at, { read: false });
  expect(await mountBlob(at.ports, registry, elsewhere, digest, name, () => true)).toBe(true);
});

test("to a repository that may not be written nothing is pushed or mounted, and no bytes are left", async () => {
  const at = await opened();
  const layer = Buffer.from("layer");
  await at.pushBlob(layer);
  const registry = await at.registry();
  await lockRepository(at.ports, registry, name, { write: true });
  await expect(at.push(other)).rejects.toMatchObject(denied);
  const more = Buffer.from("more");
  const dropped: string[] = [];
  const ports = at.bent({
    around: async ({ port, name: call }, moment) => {
      if (port === "blobs" && moment === "after") dropped.push(call);
    },
  });
  await expect(at.pushBlob(more, ports)).rejects.toMatchObject(denied);
  expect(dropped).toEqual(["put", "delete"]);
  await at.delete(note);
  await mountBlob(at.ports, registry, elsewhere, digestBytes("sha256", layer), name, () => true);
  await lockRepository(at.ports, registry, elsewhere, { write: true });
  const mounting = mountBlob(at.ports, registry, elsewhere, digestBytes("sha256", layer), name, () => true);
  await expect(mounting).rejects.toMatchObject(denied);
});

test("a repository that is locked is not deleted, and what is in it can be unless it is locked itself", async () => {
  for (const lock of ["delete", "write"] satisfies Lock[]) {
    const at = await opened();
    await onRepository(at, { [lock]: true });
    const registry = await at.registry();
    await expect(deleteRepository(at.ports, registry, name)).rejects.toMatchObject(undeletable);
    await at.delete(note);
    await onRepository(at, { [lock]: false });
    await deleteRepository(at.ports, registry, name);
  }
});

test("lists leave out what may not be listed, and pages are as full as ever", async () => {
  const at = await opened();
  await at.push(note, ["c", "d", "e"]);
  for (const tag of ["a", "c", "e"]) await onTag(at, tag, { list: true });
  expect(await tagNames(at, undefined, 10)).toEqual({ tags: ["b", "d"], more: false });
  expect(await tagNames(at, undefined, 1)).toEqual({ tags: ["b"], more: true });
  expect((await tagNames(at, "b", 1)).tags).toEqual(["d"]);
  expect(await tagNames(at, "d", 1)).toEqual({ tags: [], more: false });
  expect(await at.pull("a")).toBeDefined();
});

test("a repository that may not be listed is not in the catalog, whatever is pushed to it", async () => {
  const at = await opened();
  const registry = await at.registry();
  const listed = async () => (await listRepositories(at.ports, registry, undefined, 10)).names;
  await onRepository(at, { list: true });
  expect(await listed()).toEqual([]);
  await at.push(other);
  expect(await listed()).toEqual([]);
  await onRepository(at, { list: false });
  expect(await listed()).toEqual([name]);
  await onRepository(at, { list: true });
  await deleteRepository(at.ports, registry, name);
  await at.push(other);
  expect(await listed()).toEqual([name]);
});

test("readers know a repository's locks without a read more, after the time for which they remember it", async () => {
  const at = await opened();
  const registry = await at.registry();
  let reads = 0;
  const counting = at.bent({
    around: async (_, moment) => {
      if (moment === "after") reads += 1;
    },
  });
  const directory = new RepositoryDirectory(counting);
  expect(directory.remembered(registry, name)).toBeUndefined();
  await directory.find(registry, name);
  await onRepository(at, { read: true });
  expect(directory.remembered(registry, name)?.locks).toBeUndefined();
  at.clock.advance(5000);
  expect((await directory.find(registry, name))?.locks).toEqual(["read"]);
  expect(reads).toBe(2);
});

test("an immutable tag is pushed once, and neither moves nor goes", async () => {
  const immutableTags = [{ repositories: ["team/*"], tags: ["v*"] }];
  const at = await opened({ ...soft, lifecycle: { rules: [], immutableTags } });
  await at.push(note, ["v1"]);
  await at.push(note, ["v1"]);
  await expect(at.push(other, ["v1"])).rejects.toMatchObject(denied);
  await expect(at.delete("v1")).rejects.toMatchObject(undeletable);
  await expect(at.delete(note)).rejects.toMatchObject(undeletable);
  await at.delete("a");
  at.policies = {
    ...at.policies,
    lifecycle: { rules: [], immutableTags: [{ repositories: ["x"], tags: ["v*"] }] },
  };
  await at.delete(note);
  at.expectWhole();
});

test("an immutable tag is found among more tags than are looked at at once", async () => {
  const immutableTags = [{ repositories: ["**"], tags: ["zz"] }];
  const at = new MemoryRegistry({ lifecycle: { rules: [], immutableTags } });
  const many = Array.from({ length: 520 }, (_, number) => `t${number}`);
  for (let from = 0; from < many.length; from += 20) await at.push(note, many.slice(from, from + 20));
  await at.push(note, ["zz"]);
  await expect(at.delete(note)).rejects.toMatchObject(undeletable);
});

test("there is nothing to lock where there is nothing", async () => {
  const at = new MemoryRegistry();
  const registry = await at.registry();
  await expect(lockRepository(at.ports, registry, name, { read: true })).rejects.toMatchObject({
    code: "NAME_UNKNOWN",
  });
  await expect(onTag(at, "a", { read: true })).rejects.toMatchObject({ code: "NAME_UNKNOWN" });
  await at.push(note);
  await expect(onTag(at, "a", { read: true })).rejects.toMatchObject({ code: "TAG_UNKNOWN" });
  await at.delete(note);
  await expect(onManifest(at, { read: true })).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
});
