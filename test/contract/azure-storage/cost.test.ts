import { createHash, randomBytes } from "node:crypto";
import { ulid } from "ulid";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../emulators/azurite.ts";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import type { StorageCall } from "../../../shared/azure/storage/observer.ts";
import { AzureSessions } from "../../../shared/azure/storage/sessions.ts";
import { AzureWorkQueue } from "../../../shared/azure/storage/work-queue.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { findRepository } from "../../../shared/catalog/repositories.ts";
import { type Digest, digestOf } from "../../../shared/domain/digest.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import type { RegistryName, RepositoryName } from "../../../shared/domain/name.ts";
import type { ByteRange } from "../../../shared/domain/range.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { keyedSigner } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { readBlob } from "../../../shared/registry/read-blob.ts";
import { appendUpload } from "../../../shared/registry/uploads/append-upload.ts";
import { cancelUpload } from "../../../shared/registry/uploads/cancel-upload.ts";
import { finishUpload } from "../../../shared/registry/uploads/finish-upload.ts";
import { pushBlob } from "../../../shared/registry/uploads/push-blob.ts";
import type { Body } from "../../../shared/registry/uploads/stage-body.ts";
import { newTicket, type Upload } from "../../../shared/registry/uploads/upload-ticket.ts";
import { sampleBytes } from "../sample-blobs.ts";

const blockBytes = 64 * 1024;
const repository = "library/hello" as RepositoryName;

let azurite: Azurite;
let account: StorageAccount;
let ports: Ports;
let registry: RegistryDocument;
/** Since the test began, and since the first. */
let calls: string[] = [];
const all: string[] = [];
const statuses: number[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  const observer = {
    call: ({ operation, status }: StorageCall) => {
      statuses.push(status);
      calls.push(operation);
      all.push(operation);
    },
  };
  const options = { ...emulatedAccount("local", azurite.connectionString), secondaryBlobEndpoint: undefined };
  account = new StorageAccount(options, { observer, now: Date.now });
  ports = {
    documents: new MemoryDocuments().store(),
    blobs: new AzureBlobs(new Map([["local", account]]), { blockBytes }),
    sessions: new AzureSessions(account),
    work: new AzureWorkQueue(account.clients),
    signer: keyedSigner("a key for tests"),
    clock: { now: Date.now },
    ids: { ulid: () => ulid(), nonce: () => randomBytes(16).toString("base64url") },
    region: "local",
    graces: usualGraces,
    tiers: usualTiers,
    pause: async () => {},
  };
  registry = await ensureRegistry(ports, "local" as RegistryName, { sparseManifests: false });
  // The first write to a registry makes its container, once.
  const upload = start();
  await appendUpload(ports, upload, bodyOf(sampleBytes(1)), undefined);
  await cancelUpload(ports, upload);
});

beforeEach(() => {
  calls = [];
});

afterAll(async () => {
  account?.close();
  await azurite?.stop();
});

function start(): Upload {
  return { registry, repository, ticket: newTicket(ports, "sha256") };
}

function bodyOf(bytes: Buffer): Body {
  return {
    length: bytes.byteLength,
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.byteLength; at += 10_000) yield bytes.subarray(at, at + 10_000);
    },
  };
}

function rangeOf(offset: number, bytes: Buffer): ByteRange {
  return { start: offset, end: offset + bytes.byteLength - 1 };
}

function digest(bytes: Uint8Array, algorithm: "sha256" | "sha512" = "sha256"): Digest {
  return digestOf(algorithm, createHash(algorithm).update(bytes).digest("hex"));
}

async function push(bytes: Buffer): Promise<Digest> {
  await pushBlob(ports, registry, repository, digest(bytes), bodyOf(bytes), undefined);
  return digest(bytes);
}

function times(count: number, operation: string): string[] {
  return Array.from({ length: count }, () => operation);
}

describe("the calls to storage that are paid for", () => {
  it("are one for a blob of one block", async () => {
    await push(randomBytes(500));
    await push(randomBytes(blockBytes));
    expect(calls).toEqual(["PutBlob", "PutBlob"]);
  });

  it("are one a block and one more for a blob of many, sent whole as containerd and ORAS send it", async () => {
    await push(randomBytes(10 * blockBytes));
    expect(calls).toEqual([...times(10, "PutBlock"), "PutBlockList"]);
  });

  it("are a session's besides for a blob that is streamed and then closed, as docker and podman do", async () => {
    const bytes = randomBytes(5 * blockBytes + 1);
    const upload = start();
    await appendUpload(ports, upload, bodyOf(bytes), undefined);
    expect(calls).toEqual(["GetBlob", ...times(6, "PutBlock"), "PutBlob"]);
    calls = [];
    await finishUpload(ports, upload, digest(bytes), bodyOf(Buffer.alloc(0)), undefined);
    expect(calls).toEqual(["GetBlob", "PutBlob", "PutBlockList"]);
  });

  it("are three a chunk of one block, and three to close, for a chunking client", async () => {
    const upload = start();
    const chunks = Array.from({ length: 4 }, () => randomBytes(1_000));
    let offset = 0;
    for (const chunk of chunks) {
      calls = [];
      await appendUpload(ports, upload, bodyOf(chunk), rangeOf(offset, chunk));
      expect(calls).toEqual(["GetBlob", "PutBlock", "PutBlob"]);
      offset += chunk.byteLength;
    }
    calls = [];
    const whole = Buffer.concat(chunks);
    await finishUpload(ports, upload, digest(whole), bodyOf(Buffer.alloc(0)), undefined);
    expect(calls).toEqual(["GetBlob", "PutBlob", "PutBlockList"]);
  });

  it("are nine more for a client that names another algorithm only at the end", async () => {
    for (const notes of [["PutBlob", "CreateContainer", "PutBlob"], ["PutBlob"]]) {
      const upload = start();
      const bytes = randomBytes(2 * blockBytes);
      await appendUpload(ports, upload, bodyOf(bytes), undefined);
      calls = [];
      await finishUpload(ports, upload, digest(bytes, "sha512"), bodyOf(Buffer.alloc(0)), undefined);
      expect(calls).toEqual([
        "GetBlob",
        // Reading back: the blocks are committed unfinished, which is noted first, in a container that is made with the first note.
        ...["GetBlockList", "LeaseBlob", "GetBlockList", ...notes, "PutBlockList", "LeaseBlob", "GetBlob"],
        "PutBlob",
        // So the commit finds a blob there, and replaces it.
        ...["PutBlockList", "GetBlobProperties", "PutBlockList"],
      ]);
    }
  });

  it("are one more for a blob that the registry had already, whose new bytes are dropped", async () => {
    const bytes = randomBytes(10);
    await push(bytes);
    calls = [];
    const other = "library/other" as RepositoryName;
    await pushBlob(ports, registry, other, digest(bytes), bodyOf(bytes), undefined);
    expect(calls).toEqual(["PutBlob", "DeleteBlob"]);
  });

  it("are none for a pull that is redirected, nor for a question", async () => {
    const pushed = await push(randomBytes(10));
    calls = [];
    for (const promise of [true, false]) {
      const blob = await readBlob(ports, await findRepository(ports, registry, repository), pushed, promise);
      expect(await blob.sign()).toContain("sig=");
    }
    expect(calls).toEqual([]);
  });

  it("are one for a pull that is served through, whole or in part", async () => {
    const pushed = await push(randomBytes(3 * blockBytes));
    const blob = await readBlob(ports, await findRepository(ports, registry, repository), pushed, false);
    calls = [];
    let bytes = 0;
    for await (const piece of await blob.open(0, blob.size - 1)) bytes += piece.byteLength;
    for await (const piece of await blob.open(5, 9)) bytes += piece.byteLength;
    expect(bytes).toBe(blob.size + 5);
    expect(calls).toEqual(["GetBlob", "GetBlob"]);
  });

  it("are one to delete, and one to queue or to complete a message", async () => {
    await ports.blobs.delete({ ...registry.storage, name: "u/2026-01-01/none" });
    await ports.work.send("sweep", { work: {}, attempt: 1 });
    calls = [];
    await ports.work.send("sweep", { work: {}, attempt: 1 });
    const [message] = await ports.work.receive("sweep", 1, 60);
    if (message === undefined) throw new Error("a message was sent");
    await ports.work.complete("sweep", message);
    expect(calls).toEqual(["PutMessage", "GetMessages", "DeleteMessage"]);
  });

  it("are told with their status, refusals too", () => {
    for (const status of [200, 201, 202, 206, 404, 409]) expect(statuses).toContain(status);
    expect(statuses).not.toContain(0);
  });

  it("list nothing, ever, while a client waits", () => {
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter((call) => call.startsWith("List"))).toEqual([]);
  });
});
