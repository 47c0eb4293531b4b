import { expect, test } from "vitest";
import { ids } from "../../../shared/catalog/keys.ts";
import { finishManifestDeletion } from "../../../shared/catalog/manifest-deletion.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { ensureRepository, findRepository } from "../../../shared/catalog/repositories.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { asRegistryName, asRepositoryName, asTag, type Tag } from "../../../shared/domain/name.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import type { Bend } from "../../../shared/memory/bend.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { deleteBlob } from "../../../shared/registry/delete-blob.ts";
import { deleteManifest } from "../../../shared/registry/delete-manifest.ts";
import { listTags } from "../../../shared/registry/list-tags.ts";
import { readBlob } from "../../../shared/registry/read-blob.ts";
import { openManifest, readManifest } from "../../../shared/registry/read-manifest.ts";
import { pushBlob } from "../../../shared/registry/uploads/push-blob.ts";
import { writeManifest } from "../../../shared/registry/write-manifest.ts";

// What the seeded schedules meet too rarely to rely on: what was given up is applied just where it would do harm.

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is not there");
  return value;
}

const name = must(asRepositoryName("app"));
const unknown = expect.objectContaining({ code: "BLOB_UNKNOWN" });

async function newRegistry() {
  const clock = new ManualClock(Date.UTC(2026, 0, 31));
  const documents = new MemoryDocuments();
  const blobs = new MemoryBlobs({ now: () => clock.now() });
  const sessions = new MemorySessions();
  const work = new MemoryWorkQueue();
  const world = {
    clock,
    ids: seededIds(1, clock),
    signer: keyedSigner("key"),
    region: "local",
    graces: usualGraces,
    tiers: usualTiers,
    pause: async (millis: number) => clock.advance(millis),
  };
  const bent = (bend: Bend): Ports => ({
    documents: documents.store(bend),
    blobs: blobs.store(bend),
    sessions: sessions.store(bend),
    work: work.store(bend),
    ...world,
  });
  const ports = bent({});
  const registry = await ensureRegistry(ports, must(asRegistryName("local")), { sparseManifests: true });
  return { bent, ports, registry };
}

/** A bend by which the first commit of which `when` is true is given up. @returns with it what applies the commit after all */
function givingUp(when: (partition: string, operations: number) => boolean): Bend & { land: () => void } {
  let effect: (() => void) | undefined;
  let met = false;
  return {
    commitFate: ({ subject }, operations) => {
      if (met || !when(subject, operations)) return "done";
      met = true;
      return "late";
    },
    later: (_, landing) => {
      effect = landing;
    },
    land: () => must(effect)(),
  };
}

/** More children than one commit has room for, and more bytes than a document. */
function wideManifest() {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const descriptor = (part: string) => ({
    mediaType: "application/vnd.example",
    digest: digestBytes("sha256", Buffer.from(part)),
    size: 1,
  });
  const layers = Array.from({ length: limits.commitOperationsMax + 20 }, (_, part) => descriptor(`${part}`));
  const annotations = { padding: "p".repeat(limits.manifestInlineBytesMax) };
  const json = { schemaVersion: 2, mediaType, config: descriptor("config"), layers, annotations };
  const bytes = Buffer.from(JSON.stringify(json));
  return { mediaType, bytes, digest: digestBytes("sha256", bytes) };
}

test("a link whose writing was given up and repeated does not come back after the blob's deletion", async () => {
  const { bent, ports, registry } = await newRegistry();
  const bytes = Buffer.from("a layer");
  const digest = digestBytes("sha256", bytes);
  const bend = givingUp((partition) => partition.startsWith("r~"));
  const body = {
    length: bytes.byteLength,
    async *[Symbol.asyncIterator]() {
      yield bytes;
    },
  };
  await pushBlob(bent(bend), registry, name, digest, body, undefined);
  const read = async () => await readBlob(ports, await findRepository(ports, registry, name), digest, false);
  expect((await read()).size).toBe(bytes.byteLength);
  await deleteBlob(ports, registry, name, digest);
  await expect(read()).rejects.toEqual(unknown);
  bend.land();
  await expect(read()).rejects.toEqual(unknown);
});

test("a manifest that is left pending lends nobody its bytes, which whoever left it may have dropped", async () => {
  const { bent, ports, registry } = await newRegistry();
  const { mediaType, bytes, digest } = wideManifest();
  const pushed = { mediaType, bytes, reference: { kind: "digest", digest } as const, tags: [] };
  const pending = (partition: string, operations: number) => partition.startsWith("r~") && operations === 1;
  const bend = givingUp(pending);
  let met = false;
  const around: Bend["around"] = async ({ name: call, subject }, moment) => {
    if (met || call !== "commit" || moment !== "after" || !pending(subject, 1)) return;
    met = true;
    // A rival is faster: the bytes that are kept are his.
    await writeManifest(ports, registry, name, pushed);
  };
  await writeManifest(bent({ ...bend, around }), registry, name, pushed);
  await deleteManifest(ports, registry, name, pushed.reference);
  bend.land();
  await writeManifest(ports, registry, name, pushed);
  const repository = await findRepository(ports, registry, name);
  const opened = await openManifest(ports, await readManifest(ports, repository, name, pushed.reference));
  if (typeof opened === "string") throw new Error("the manifest is in its document");
  const read: Uint8Array[] = [];
  for await (const piece of opened) read.push(piece);
  expect(Buffer.concat(read).equals(bytes)).toBe(true);
});

test("a deletion that others have finished takes no tags of the manifest that was pushed anew", async () => {
  const { bent, ports, registry } = await newRegistry();
  const bytes = Buffer.from(JSON.stringify({ mediaType: "application/vnd.example.note+json" }));
  const digest = digestBytes("sha256", bytes);
  const named: readonly Tag[] = Array.from({ length: 60 }, (_, number) => must(asTag(`t${number}`)));
  const push = async () => {
    for (let from = 0; from < named.length; from += limits.tagsPerPutMax) {
      const tags = named.slice(from, from + limits.tagsPerPutMax);
      const reference = { kind: "digest", digest } as const;
      const mediaType = "application/vnd.example.note+json";
      await writeManifest(ports, registry, name, { mediaType, bytes, reference, tags });
    }
  };
  await push();
  const repository = await ensureRepository(ports, registry, name);
  let reads = 0;
  const deleting = bent({
    around: async ({ name: call, subject }, moment) => {
      if (call !== "read" || moment !== "after" || !subject.endsWith(` ${ids.manifest(digest)}`)) return;
      reads += 1;
      // The first read finds the manifest live, the second marked as deleting.
      if (reads !== 2) return;
      await finishManifestDeletion(ports, repository, digest);
      await push();
    },
  });
  await deleteManifest(deleting, registry, name, { kind: "digest", digest });
  expect(reads).toBeGreaterThan(2);
  const { tags } = await listTags(ports, repository, name, undefined, 100);
  expect([...tags].sort()).toEqual([...named].sort());
});
