import { expect, test } from "vitest";
import { listDeletedManifests, purgeExpired } from "../../../shared/catalog/deletion/deleted-manifests.ts";
import { listDeletedTags } from "../../../shared/catalog/deletion/deleted-tags.ts";
import { ids } from "../../../shared/catalog/keys.ts";
import { finishManifestDeletion } from "../../../shared/catalog/manifest-deletion.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { purgeDeletedManifest } from "../../../shared/registry/purge-deleted.ts";
import { MemoryRegistry, name, noteOf, soft, wideManifest } from "./memory-registry.ts";

const note = noteOf("a note");
const day = 24 * 3600 * 1000;
/** More than one commit of a soft deletion has room for. */
const many = Array.from({ length: 70 }, (_, number) => `t${number}`);

async function pushTagged(at: MemoryRegistry, tags: readonly string[] = many): Promise<void> {
  for (let from = 0; from < tags.length; from += limits.tagsPerPutMax) {
    await at.push(note, tags.slice(from, from + limits.tagsPerPutMax));
  }
}

/** A soft deletion of which the mark and some of the tags are committed, and then nothing more. */
async function cutShort(): Promise<MemoryRegistry> {
  const at = new MemoryRegistry(soft);
  await pushTagged(at);
  let commits = 0;
  const dying = at.bent({
    commitFate: ({ subject }) => (subject.startsWith("r~") && ++commits > 2 ? "throttled" : "done"),
  });
  await expect(at.delete(note, dying)).rejects.toMatchObject({ code: "TOOMANYREQUESTS" });
  expect(await at.pull(note)).toBeUndefined();
  return at;
}

test("who meets a soft deletion that was cut short finishes it as one", async () => {
  const at = await cutShort();
  await at.push(note, ["t0"]);
  at.expectWhole();
  const { tags } = await listDeletedTags(at.ports, await at.repository(), undefined, 100);
  expect(tags).toHaveLength(many.length);
});

test("a purge that meets it finishes it, and then gives the manifest up", async () => {
  const at = await cutShort();
  await purgeDeletedManifest(at.ports, await at.registry(), name, note.digest);
  at.expectWhole();
  expect(at.of("manifest")).toEqual([]);
});

test("a soft deletion that others have finished leaves alone what was pushed anew", async () => {
  for (const [moment, tags] of [2, 3, 4].flatMap((at) => [[at, many] as const, [at, ["new"]] as const])) {
    const at = new MemoryRegistry(soft);
    await pushTagged(at);
    const repository = await at.repository();
    let reads = 0;
    const deleting = at.bent({
      around: async ({ name: call, subject }, when) => {
        if (call !== "read" || when !== "after" || !subject.endsWith(` ${ids.manifest(note.digest)}`)) return;
        reads += 1;
        // The first read finds the manifest live, the others marked as deleting.
        if (reads !== moment) return;
        await finishManifestDeletion(at.ports, repository, note.digest);
        await pushTagged(at, tags);
      },
    });
    await at.delete(note, deleting);
    expect(reads).toBeGreaterThan(moment - 1);
    for (const tag of tags) expect((await at.pull(tag))?.digest).toBe(note.digest);
    at.expectWhole();
  }
});

test("one that is deleted anew while the old deletion expires is kept", async () => {
  const at = new MemoryRegistry(soft);
  await at.push(note);
  await at.delete(note);
  at.clock.advance(day);
  const before = at.clock.now();
  const purging = at.meeting(
    (call) => call.startsWith("list r~"),
    async () => {
      await at.push(note);
      await at.delete(note);
    },
  );
  expect(await purgeExpired(purging, await at.repository(), before, 100)).toMatchObject({ manifests: 0 });
  expect((await listDeletedManifests(at.ports, await at.repository(), undefined, 10)).manifests).toHaveLength(
    1,
  );
  at.expectWhole();
});

test("a push that meets a purge has the manifest whole", async () => {
  for (const when of ["read ", "list ", "commit "]) {
    const at = new MemoryRegistry({ ...soft, sparseManifests: true });
    await at.push(wideManifest(), ["a"]);
    await at.delete(wideManifest());
    const ports = at.meeting(
      (call) =>
        call.startsWith(`${when}r~`) &&
        (when !== "read " || call.endsWith(ids.manifest(wideManifest().digest))),
      async () =>
        await purgeDeletedManifest(at.ports, await at.registry(), name, wideManifest().digest).catch(
          () => {},
        ),
    );
    await at.push(wideManifest(), ["b"], ports);
    expect((await at.pull("b"))?.digest, when).toBe(wideManifest().digest);
    at.expectWhole();
  }
});

test("a purge that meets a push leaves the manifest whole", async () => {
  for (const when of ["read ", "commit ", "list "]) {
    const at = new MemoryRegistry({ ...soft, sparseManifests: true });
    await at.push(wideManifest(), ["a"]);
    await at.delete(wideManifest());
    const ports = at.meeting(
      (call) => call.startsWith(`${when}r~`),
      () => at.push(wideManifest(), ["b"]),
    );
    await purgeDeletedManifest(ports, await at.registry(), name, wideManifest().digest).catch(() => {});
    expect((await at.pull("b"))?.digest, when).toBe(wideManifest().digest);
    at.expectWhole();
  }
});
