import { expect, test } from "vitest";
import { giveUpGenerations } from "../../../shared/catalog/generations.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { deleteRepository } from "../../../shared/registry/delete-repository.ts";
import { openManifest } from "../../../shared/registry/read-manifest.ts";
import { restoreManifest } from "../../../shared/registry/restore-manifest.ts";
import {
  imageOf,
  indexOf,
  MemoryRegistry,
  must,
  name,
  noteOf,
  type Sample,
  soft,
  tagOf,
} from "./memory-registry.ts";

const note = noteOf("a note");
const config = Buffer.from("{}");
const layers = [Buffer.from("layer one"), Buffer.from("layer two")];
const padding = { padding: "p".repeat(40_000) };
const images = [imageOf(config, layers), imageOf(config, [], { annotations: padding })];
const index = indexOf(images);

/** A repository with an index, which was deleted as a whole. */
async function deletedRepository(): Promise<MemoryRegistry> {
  const at = new MemoryRegistry(soft);
  for (const blob of [config, ...layers]) await at.pushBlob(blob);
  for (const image of images) await at.push(image);
  await at.push(index, ["latest"]);
  await deleteRepository(at.ports, await at.registry(), name);
  return at;
}

async function restore(at: MemoryRegistry, what: Sample, tag: string, force = false) {
  return await restoreManifest(at.ports, await at.registry(), name, what.digest, { tag: tagOf(tag), force });
}

async function expectImages(at: MemoryRegistry): Promise<void> {
  for (const image of [...images, index]) {
    const opened = await openManifest(at.ports, must(await at.pull(image)));
    const pieces: Uint8Array[] = [];
    if (typeof opened === "string") pieces.push(Buffer.from(opened));
    else for await (const piece of opened) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(image.bytes)).toBe(true);
  }
  const { generation } = await at.repository();
  const held = at.of<{ kind: "holder"; generation: string; digest: string }>("holder");
  const here = held.filter((holder) => holder.generation === generation).map(({ digest }) => digest);
  expect(here.sort()).toEqual([config, ...layers].map((blob) => digestBytes("sha256", blob)).sort());
}

test("an image of a deleted repository comes back alone, with all that it needs", async () => {
  const at = await deletedRepository();
  await restore(at, index, "latest");
  expect((await at.pull("latest"))?.digest).toBe(index.digest);
  await expectImages(at);
  expect(at.events().filter((action) => action === "manifest-restore")).toHaveLength(3);
});

test("it comes back into a repository that was made anew, and whole after the old one is given up", async () => {
  const at = await deletedRepository();
  await at.push(note, ["latest"]);
  await expect(restore(at, index, "latest")).rejects.toMatchObject({ code: "DENIED", status: 409 });
  expect(await at.pull(index)).toBeUndefined();
  await restore(at, index, "latest", true);
  await giveUpGenerations(at.ports, await at.registry(), name);
  await expectImages(at);
  // Its bytes are its own: those of the old repository may go.
  const places = at
    .of<{ kind: "manifest"; place?: { name: string } }>("manifest")
    .flatMap(({ place }) => place?.name ?? []);
  expect(new Set(places).size).toBe(2);
});

test("what was deleted before the repository comes back as well", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note, ["a"]);
  await at.delete(note);
  await deleteRepository(at.ports, await at.registry(), name);
  await restore(at, note, "a");
  expect((await at.pull("a"))?.digest).toBe(note.digest);
});

test("nothing comes back of a repository that is given up, or was deleted for good", async () => {
  const at = await deletedRepository();
  await giveUpGenerations(at.ports, await at.registry(), name);
  await expect(restore(at, index, "latest")).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
  const hard = new MemoryRegistry();
  await hard.push(note);
  await deleteRepository(hard.ports, await hard.registry(), name);
  await expect(restore(hard, note, "latest")).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
});
