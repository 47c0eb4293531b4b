import { beforeEach, describe, expect, test } from "vitest";
import { readAs } from "../../../shared/catalog/commit.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { QuotaDocument, RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { readRegistryUsage } from "../../../shared/catalog/usage.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { parseRepositoryName, type RegistryName } from "../../../shared/domain/name.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import type { CommitFate } from "../../../shared/memory/bend.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { appendUpload } from "../../../shared/registry/uploads/append-upload.ts";
import { demandRoom } from "../../../shared/registry/uploads/demand-room.ts";
import { finishUpload } from "../../../shared/registry/uploads/finish-upload.ts";
import { pushBlob } from "../../../shared/registry/uploads/push-blob.ts";
import { newTicket } from "../../../shared/registry/uploads/upload-ticket.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { UsageQuota } from "../../../shared/tenancy/storage-quota.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { type MemoryPorts, openMemoryPorts } from "../../support/memory-ports.ts";

const app = parseRepositoryName("app");
const log = createLog("silent", () => {});
const full = {
  code: "DENIED",
  status: 403,
  message: "tier Basic allows 1,000 bytes of storage; Standard allows 40 TiB, Premium 100 TiB",
};

let memory: MemoryPorts;
let registry: RegistryDocument;
let ports: Ports;
beforeEach(async () => {
  memory = openMemoryPorts();
  ports = instance();
  registry = await ensureRegistry(ports, "local" as RegistryName, { sparseManifests: true }, "Basic");
});

/** A process with a quota of 1,000 bytes for its registries. */
function instance(storageBytesMax = 1_000, commitFates: readonly CommitFate[] = []): Ports {
  const fates = [...commitFates];
  const documents = memory.documents.store({ commitFate: () => fates.shift() ?? "done" });
  const tiers = { ...usualTiers, Basic: { ...usualTiers.Basic, storageBytesMax } };
  const base = { ...memory.ports, documents, tiers };
  return { ...base, quota: new UsageQuota(base) };
}

/** Whether the bytes of their own are in the registry afterwards. */
async function push(bytes: number, seed: number, through = ports): Promise<void> {
  const content = contentOf(bytes, seed);
  await pushBlob(through, registry, app, digestBytes("sha256", content), bodyOf(content), undefined);
}

function contentOf(bytes: number, seed: number): Buffer {
  return Buffer.from(String(seed).padEnd(bytes, "."));
}

function bodyOf(content: Buffer, length: number | undefined = content.byteLength) {
  return {
    length,
    async *[Symbol.asyncIterator]() {
      yield content;
    },
  };
}

async function stored(): Promise<number> {
  await consumeEvents(memory.ports, log);
  return (await readRegistryUsage(memory.ports, registry.rid))?.bytes ?? 0;
}

/** Until nothing is remembered or reserved any more. */
function wait(): void {
  memory.clock.advance((limits.reservationSeconds + 1) * 1000);
}

describe("of twenty pushes at once that together exceed the quota", () => {
  test.each([1, 4])(
    "as many succeed as fit, in %i processes, and not a byte more is stored",
    async (count) => {
      const processes = Array.from({ length: count }, () => instance());
      const pushes = await Promise.allSettled(
        Array.from({ length: 20 }, async (_, n) => await push(150, n, processes[n % count])),
      );
      const refused = pushes.filter((outcome) => outcome.status === "rejected");
      for (const { reason } of refused) expect(reason).toMatchObject(full);
      expect(refused).toHaveLength(14);
      expect(await stored()).toBe(900);
      // Bytes of those that were refused are gone too.
      expect([...memory.blobs.places()]).toHaveLength(6);
    },
  );

  test("none is forgotten when replies are lost", async () => {
    const unsure = instance(
      1_000,
      Array.from({ length: 200 }, (_, n) => (n % 3 === 0 ? "lost" : "done")),
    );
    await Promise.allSettled(Array.from({ length: 20 }, async (_, n) => await push(150, n, unsure)));
    expect(await stored()).toBeLessThanOrEqual(900);
  });
});

test("smaller pushes at the same time go over by no more than a ten-thousandth of what was left each", async () => {
  const max = 1_000_000;
  const large = Array.from({ length: 20 }, (_, n) => ({ bytes: 100_000, n }));
  const small = Array.from({ length: 30 }, (_, n) => ({ bytes: max / 10_000, n: 100 + n }));
  const through = instance(max);
  const pushes = [...large, ...small].map(async ({ bytes, n }) => await push(bytes, n, through));
  const refused = (await Promise.allSettled(pushes)).filter(({ status }) => status === "rejected");
  expect(refused).toHaveLength(10);
  expect(await stored()).toBe(max + small.length * (max / 10_000));
  wait();
  await expect(push(1, 200, through)).rejects.toMatchObject({ status: 403 });
});

test("reservations of many pushes are as many as there are seconds in which they count", async () => {
  const through = instance(1_000_000);
  for (let n = 0; n < 400; n++) {
    await through.quota?.reserve(registry, 1_000);
    memory.clock.advance(500);
  }
  const quota = await readAs<QuotaDocument>(
    memory.ports.documents,
    partitions.usage(registry.rid),
    ids.quota,
    "quota",
  );
  expect(quota?.document.reserved.length).toBeLessThanOrEqual(limits.reservationSeconds + 1);
  const sum = quota?.document.reserved.reduce((total, { bytes }) => total + bytes, 0);
  expect(sum).toBeGreaterThanOrEqual(2 * limits.reservationSeconds * 1_000);
});

describe("a registry that is full", () => {
  beforeEach(async () => {
    await push(1_000, 1);
    await stored();
    wait();
  });

  test("takes no upload, from the first request on", async () => {
    await expect(demandRoom(ports, registry)).rejects.toMatchObject(full);
    await expect(push(1, 2)).rejects.toMatchObject(full);
  });

  test("takes some again when the operator allows more", async () => {
    await push(500, 2, instance(1_500));
    expect(await stored()).toBe(1_500);
  });
});

describe("a registry with some bytes left", () => {
  const upload = () => ({ registry, repository: app, ticket: newTicket(ports, "sha256") });

  beforeEach(async () => {
    await push(800, 1);
    await stored();
    wait();
  });

  test("refuses more by the announced length, before a byte is taken", async () => {
    let taken = false;
    const body = {
      length: 201,
      async *[Symbol.asyncIterator]() {
        taken = true;
        yield contentOf(201, 2);
      },
    };
    await expect(appendUpload(ports, upload(), body, undefined)).rejects.toMatchObject(full);
    const digest = digestBytes("sha256", contentOf(201, 2));
    await expect(pushBlob(ports, registry, app, digest, body, undefined)).rejects.toMatchObject(full);
    expect(taken).toBe(false);
    await push(200, 3);
    expect(await stored()).toBe(1_000);
  });

  test("refuses more by the count, where no length is announced", async () => {
    const much = bodyOf(contentOf(201, 2), undefined);
    await expect(
      appendUpload(ports, upload(), { ...much, length: undefined }, undefined),
    ).rejects.toMatchObject(full);
    const some = bodyOf(contentOf(200, 2), undefined);
    const progress = await appendUpload(ports, upload(), { ...some, length: undefined }, undefined);
    expect(progress).toEqual({ outcome: "accepted", offset: 200 });
  });

  test("refuses an upload at its end, when others were faster", async () => {
    const slow = upload();
    const content = contentOf(150, 2);
    await appendUpload(ports, slow, bodyOf(content), undefined);
    await push(100, 3);
    const closing = finishUpload(
      ports,
      { ...slow, ticket: { ...slow.ticket, begun: true } },
      digestBytes("sha256", content),
      bodyOf(Buffer.alloc(0)),
      undefined,
    );
    await expect(closing).rejects.toMatchObject(full);
    expect(await stored()).toBe(900);
  });

  test("counts what is reserved until the figures have it, and no longer", async () => {
    await push(100, 2);
    await expect(push(150, 3)).rejects.toMatchObject(full);
    await stored();
    // Twice, for a while: in the figures, and as reserved.
    await expect(push(100, 4)).rejects.toMatchObject(full);
    wait();
    await push(100, 4);
    expect(await stored()).toBe(1_000);
  });
});

test("what is little of what is left is stored without a reservation, and without a read while the usage is remembered", async () => {
  const quota = new UsageQuota({ ...memory.ports, tiers: usualTiers });
  let reads = 0;
  const counting: Ports["documents"] = {
    ...memory.ports.documents,
    read: async (...asked) => {
      reads += 1;
      return await memory.ports.documents.read(...asked);
    },
    commit: async () => expect.fail("nothing is to be reserved"),
  };
  const watched = new UsageQuota({ ...memory.ports, tiers: usualTiers, documents: counting });
  for (let n = 0; n < 100; n++) await watched.reserve(registry, 1024 ** 3);
  expect(reads).toBe(1);
  memory.clock.advance(limits.usageCacheSeconds * 1000);
  expect(await watched.left(registry)).toBe(await quota.left(registry));
  expect(reads).toBe(2);
});

test("a usage that could not be read is read again", async () => {
  let away = true;
  const documents: Ports["documents"] = {
    ...memory.ports.documents,
    read: async (...asked) => {
      if (away) throw new Error("the store is away");
      return await memory.ports.documents.read(...asked);
    },
  };
  const quota = new UsageQuota({ ...ports, documents });
  await expect(quota.left(registry)).rejects.toThrow("the store is away");
  away = false;
  expect(await quota.left(registry)).toBe(1_000);
});
