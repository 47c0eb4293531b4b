import { expect, test } from "vitest";
import type { ManifestDocument } from "../../../shared/catalog/documents.ts";
import { ids } from "../../../shared/catalog/keys.ts";
import { limits } from "../../../shared/domain/limits.ts";
import type { Operation } from "../../../shared/ports/document-store.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { imageOf, MemoryRegistry, noteOf, type Sample, soft, wideManifest } from "./memory-registry.ts";

const [old, young] = [noteOf("old"), noteOf("young")];

const leftAt = (at: MemoryRegistry, { digest }: Sample): number | undefined =>
  at.of<ManifestDocument>("manifest").find((manifest) => manifest.digest === digest)?.tagLeftAt;

test("a manifest is told when a tag leaves it, by deletion or by a move", async () => {
  const at = new MemoryRegistry();
  await at.push(old, ["a", "b"]);
  expect(leftAt(at, old)).toBeUndefined();
  at.clock.advance(1000);
  await at.push(young, ["a"]);
  const moved = at.clock.now();
  expect(leftAt(at, old)).toBe(moved);
  at.clock.advance(1000);
  await at.delete("b");
  expect(leftAt(at, old)).toBe(moved + 1000);
  at.clock.advance(1000);
  await at.push(old, ["c"]);
  expect(leftAt(at, old)).toBe(moved + 1000);
  expect(leftAt(at, young)).toBeUndefined();
  at.expectWhole();
});

/** As `of` commits, each with its operations. */
function watching(at: MemoryRegistry): { ports: Ports; commits: (readonly Operation[])[] } {
  const commits: (readonly Operation[])[] = [];
  const { documents } = at.ports;
  const ports: Ports = {
    ...at.ports,
    documents: {
      ...documents,
      commit: async (partition, operations) => {
        if (partition.startsWith("r~")) commits.push(operations);
        return await documents.commit(partition, operations);
      },
    },
  };
  return { ports, commits };
}

test("as many tags as one push may have leave as many manifests in one commit", async () => {
  const at = new MemoryRegistry(soft);
  const notes = Array.from({ length: limits.tagsPerPutMax }, (_, number) => noteOf(`note ${number}`));
  const tags = notes.map((_, number) => `t${number}`);
  for (const [number, each] of notes.entries()) await at.push(each, [tags[number] ?? ""]);
  const { ports, commits } = watching(at);
  const subject = { mediaType: "a/b", digest: old.digest, size: 1 };
  await at.push(noteOf("young", { subject }), tags, ports);
  expect(commits).toHaveLength(1);
  for (const each of notes) expect(leftAt(at, each)).toBe(at.clock.now());
  at.expectWhole();
});

test("so do manifests that are too large for one commit together", async () => {
  const at = new MemoryRegistry({ ...soft, sparseManifests: true });
  const layers = Array.from({ length: 6000 }, (_, part) => Buffer.from(`${part}`));
  const large = Array.from({ length: 5 }, (_, number) =>
    imageOf(Buffer.from("config"), layers, { annotations: { number: `${number}` } }),
  );
  const tags = large.map((_, number) => `t${number}`);
  for (const [number, each] of large.entries()) await at.push(each, [tags[number] ?? ""]);
  at.clock.advance(1000);
  for (const onto of [young, wideManifest()]) {
    const { ports, commits } = watching(at);
    await at.push(onto, tags, ports);
    expect(commits.length).toBeGreaterThan(1);
    expect((await at.pull("t4"))?.size).toBe(onto.bytes.byteLength);
  }
  for (const each of large) expect(leftAt(at, each)).toBe(at.clock.now());
  at.expectWhole();
}, 60_000);

test("a tag that moves off a manifest that is deleted, or pushed, at the same time moves", async () => {
  const moments = ["read ", "commit ", "list "].flatMap((call) =>
    [ids.manifest(old.digest), ids.manifest(young.digest), ids.tag("a"), ""].map(
      (end) => [call, end] as const,
    ),
  );
  for (const [call, end] of moments) {
    for (const rival of ["delete", "push", "untag"] as const) {
      const at = new MemoryRegistry(soft);
      await at.push(old, ["a", "b"]);
      const ports = at.meeting(
        (met) => met.startsWith(`${call}r~`) && met.endsWith(end),
        () =>
          (rival === "push" ? at.push(old, ["a"]) : at.delete(rival === "delete" ? old : "a")).catch(
            () => {},
          ),
      );
      await at.push(young, ["a"], ports);
      expect((await at.pull(young))?.digest).toBe(young.digest);
      at.expectWhole();
    }
  }
});
