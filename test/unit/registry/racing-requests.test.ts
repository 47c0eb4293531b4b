import { expect, test } from "vitest";
import { holdBlob } from "../../../shared/catalog/blobs.ts";
import { readAs } from "../../../shared/catalog/commit.ts";
import type { BlobDocument, LinkDocument } from "../../../shared/catalog/documents.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { ensureRepository, findRepository } from "../../../shared/catalog/repositories.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { asRegistryName, asRepositoryName, asTag } from "../../../shared/domain/name.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import type { Bend } from "../../../shared/memory/bend.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { deleteManifest } from "../../../shared/registry/delete-manifest.ts";
import { readManifest } from "../../../shared/registry/read-manifest.ts";
import { appendUpload } from "../../../shared/registry/uploads/append-upload.ts";
import { finishUpload } from "../../../shared/registry/uploads/finish-upload.ts";
import { pushBlob } from "../../../shared/registry/uploads/push-blob.ts";
import { newTicket, type Upload } from "../../../shared/registry/uploads/upload-ticket.ts";
import { writeManifest } from "../../../shared/registry/write-manifest.ts";

// What the seeded schedules meet too rarely to rely on: each race is made to happen, at the call where it matters.

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is not there");
  return value;
}

const name = must(asRepositoryName("app"));
const tag = must(asTag("latest"));
const bytes = Buffer.from("some bytes of a layer");
const digest = digestBytes("sha256", bytes);

async function newRegistry() {
  const clock = new ManualClock(Date.UTC(2026, 0, 31));
  const documents = new MemoryDocuments();
  const blobs = new MemoryBlobs({ blockBytes: 4, now: () => clock.now() });
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
  return { clock, blobs, bent, ports, registry };
}

/** Ports under which `rival` acts once, right after the first call of which `when` is true. */
function meeting(
  bent: (bend: Bend) => Ports,
  when: (call: string) => boolean,
  rival: () => Promise<void>,
): Ports {
  let met = false;
  return bent({
    around: async ({ name: call, subject }, moment) => {
      if (met || moment !== "after" || !when(`${call} ${subject}`)) return;
      met = true;
      await rival();
    },
  });
}

function bodyOf(part: Buffer) {
  return {
    length: part.byteLength,
    async *[Symbol.asyncIterator]() {
      yield part;
    },
  };
}

function newUpload(ports: Ports, registry: RegistryDocument): Upload {
  return { registry, repository: name, ticket: newTicket(ports, "sha256") };
}

function manifestOf(note: string) {
  const mediaType = "application/vnd.example.note+json";
  return { mediaType, bytes: Buffer.from(JSON.stringify({ mediaType, note })) };
}

test("a tag that moves while it is followed is found, although what it left is deleted", async () => {
  const { bent, ports, registry } = await newRegistry();
  const [old, young] = [manifestOf("old"), manifestOf("young")];
  const push = async (manifest: typeof old) =>
    await writeManifest(ports, registry, name, { ...manifest, reference: { kind: "tag", tag }, tags: [] });
  const first = await push(old);
  const reading = meeting(
    bent,
    (call) => call.startsWith("read ") && call.endsWith(` ${ids.tag(tag)}`),
    async () => {
      await push(young);
      await deleteManifest(ports, registry, name, { kind: "digest", digest: first.digest });
    },
  );
  const found = await readManifest(reading, await findRepository(reading, registry, name), name, {
    kind: "tag",
    tag,
  });
  expect(found.digest).toBe(digestBytes("sha256", young.bytes));
});

test("of two bodies that race behind the same bytes, the one that comes too late leaves nothing behind", async () => {
  const { bent, ports, registry, blobs } = await newRegistry();
  const upload = newUpload(ports, registry);
  const range = { start: 0, end: 7 };
  const slow = meeting(
    bent,
    (call) => call.startsWith("finish "),
    async () => {
      const progress = await appendUpload(ports, upload, bodyOf(bytes.subarray(0, 8)), range);
      expect(progress).toEqual({ outcome: "accepted", offset: 8 });
    },
  );
  const abandoned: string[] = [];
  const watched: Ports = {
    ...slow,
    blobs: {
      ...slow.blobs,
      extend: async (place, staged, nonce) => {
        const writer = await slow.blobs.extend(place, staged, nonce);
        const abandon = async () => {
          abandoned.push(nonce);
          await writer.abandon();
        };
        return { stage: (block) => writer.stage(block), finish: () => writer.finish(), abandon };
      },
    },
  };
  const progress = await appendUpload(watched, upload, bodyOf(bytes.subarray(0, 8)), range);
  expect(progress).toEqual({ outcome: "out-of-order", offset: 8 });
  expect(abandoned).toHaveLength(1);
  await finishUpload(ports, upload, digest, bodyOf(bytes.subarray(8)), undefined);
  expect(await blobs.store().discardUnfinished(Number.POSITIVE_INFINITY)).toBe(0);
});

test("a repeated closing request makes the link last as long as the first one did", async () => {
  const { clock, ports, registry } = await newRegistry();
  await pushBlob(ports, registry, name, digest, bodyOf(bytes), undefined);
  clock.advance((usualGraces.leaseSeconds - usualGraces.requestSeconds) * 1_000);
  const upload = newUpload(ports, registry);
  await appendUpload(ports, upload, bodyOf(bytes), undefined);
  await finishUpload(ports, upload, digest, bodyOf(Buffer.alloc(0)), undefined);
  clock.advance(1_000);
  const again = await finishUpload(ports, upload, digest, bodyOf(Buffer.alloc(0)), undefined);
  expect(again).toEqual({ outcome: "created" });
  const { partition } = await ensureRepository(ports, registry, name);
  const link = must(await readAs<LinkDocument>(ports.documents, partition, ids.link(digest), "link"));
  const left = link.document.leaseUntil - clock.now();
  expect(left).toBeGreaterThanOrEqual(usualGraces.requestSeconds * 1_000);
});

test("of two closing requests both succeed, although the first drops the bytes that the other is reading back", async () => {
  for (const call of ["read ", "openStaged ", "write ", "commit "]) {
    const { bent, ports, registry } = await newRegistry();
    const elsewhere = must(asRepositoryName("elsewhere"));
    await pushBlob(ports, registry, elsewhere, digest, bodyOf(bytes), undefined);
    const upload = newUpload(ports, registry);
    await appendUpload(ports, upload, bodyOf(bytes.subarray(0, 6)), undefined);
    const close = async (as: Ports) =>
      await finishUpload(as, upload, digest, bodyOf(bytes.subarray(6)), undefined);
    const slow = meeting(
      bent,
      (met) => met.startsWith(call),
      async () => {
        expect(await close(ports)).toEqual({ outcome: "created" });
      },
    );
    expect(await close(slow), `a rival after ${call}`).toEqual({ outcome: "created" });
  }
});

test("of two repeated closing requests both succeed, although the first drops the bytes that the other commits", async () => {
  const { bent, ports, registry } = await newRegistry();
  await pushBlob(ports, registry, must(asRepositoryName("elsewhere")), digest, bodyOf(bytes), undefined);
  await ensureRepository(ports, registry, name);
  const upload = newUpload(ports, registry);
  await appendUpload(ports, upload, bodyOf(bytes), undefined);
  const close = async (as: Ports) =>
    await finishUpload(as, upload, digest, bodyOf(Buffer.alloc(0)), undefined);
  const failing = bent({ fate: (call) => (call.name === "commit" ? "refused" : "done") });
  await expect(close(failing)).rejects.toThrow();
  const slow = meeting(
    bent,
    (call) => call.startsWith("read ") && call.endsWith(` ${ids.link(digest)}`),
    async () => {
      expect(await close(ports)).toEqual({ outcome: "created" });
    },
  );
  expect(await close(slow)).toEqual({ outcome: "created" });
});

test("a condemned blob comes back with the bytes of whoever pushes it, not with its old ones", async () => {
  const { blobs, ports, registry } = await newRegistry();
  const other = must(asRepositoryName("other"));
  await pushBlob(ports, registry, other, digest, bodyOf(bytes), undefined);
  const shard = partitions.shard(registry.rid, digest);
  const stored = must(await readAs<BlobDocument>(ports.documents, shard, ids.blob(digest), "blob"));
  const condemned: BlobDocument = { ...stored.document, state: "condemned" };
  await ports.documents.commit(shard, [{ op: "replace", document: condemned, etag: stored.etag }]);

  const repository = await ensureRepository(ports, registry, name);
  expect(await holdBlob(ports, repository, digest, undefined, "blob-mount")).toBeUndefined();
  await pushBlob(ports, registry, name, digest, bodyOf(bytes), undefined);
  await ports.blobs.delete(stored.document.place);
  const blob = must(await readAs<BlobDocument>(ports.documents, shard, ids.blob(digest), "blob"));
  expect(blob.document.state).toBe("live");
  expect(blobs.bytesAt(blob.document.place)?.equals(bytes)).toBe(true);
});
