import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../emulators/azurite.ts";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import { AzureSessions } from "../../../shared/azure/storage/sessions.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { asRegistryName, asRepositoryName } from "../../../shared/domain/name.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { appendUpload } from "../../../shared/registry/uploads/append-upload.ts";
import { finishUpload } from "../../../shared/registry/uploads/finish-upload.ts";
import type { Body } from "../../../shared/registry/uploads/stage-body.ts";
import { newTicket, type Upload } from "../../../shared/registry/uploads/upload-ticket.ts";
import { sampleBytes } from "../sample-blobs.ts";

const block = 1_024;

let azurite: Azurite;
let account: StorageAccount;

beforeAll(async () => {
  azurite = await startAzurite();
  account = new StorageAccount(emulatedAccount("local", azurite.connectionString), {
    observer: { call: () => {} },
    now: Date.now,
  });
});

afterAll(async () => {
  account?.close();
  await azurite?.stop();
});

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is not there");
  return value;
}

function bodyOf(bytes: Uint8Array): Body {
  return {
    length: bytes.byteLength,
    async *[Symbol.asyncIterator]() {
      yield bytes;
    },
  };
}

async function openPorts(): Promise<Ports> {
  const clock = new ManualClock(Date.now());
  return {
    documents: new MemoryDocuments().store({}),
    blobs: new AzureBlobs(new Map([["local", account]]), { blockBytes: block }),
    sessions: new AzureSessions(account),
    work: new MemoryWorkQueue().store({}),
    clock,
    ids: seededIds(1, clock),
    signer: keyedSigner("key"),
    region: "local",
    graces: usualGraces,
    tiers: usualTiers,
    pause: async () => {},
  };
}

/** What is committed in the registry's container, uncommitted blobs left out. */
async function committed(container: string): Promise<string[]> {
  const client = (await account.clients.blobs()).getContainerClient(container);
  const names: string[] = [];
  for await (const { name } of client.listBlobsFlat()) names.push(name);
  return names;
}

it("leaves one blob behind when the last bytes of an upload, under its first URL, were read once more", async () => {
  const ports = await openPorts();
  const registry = await ensureRegistry(ports, must(asRegistryName("local")), { sparseManifests: false });
  const upload: Upload = {
    registry,
    repository: must(asRepositoryName("app")),
    ticket: newTicket(ports, "sha256"),
  };
  const content = sampleBytes(8 * block, 1);
  await appendUpload(ports, upload, bodyOf(content.subarray(0, 3 * block)), undefined);
  // A client that does not go on with the URL that it was given last.
  const rest = bodyOf(content.subarray(3 * block));
  expect(await finishUpload(ports, upload, digestBytes("sha256", content), rest, undefined)).toEqual({
    outcome: "created",
  });
  expect(await committed(registry.storage.container)).toHaveLength(1);

  const wrong = { ...upload, ticket: newTicket(ports, "sha256") };
  await appendUpload(ports, wrong, bodyOf(content.subarray(0, 3 * block)), undefined);
  await expect(
    finishUpload(ports, wrong, digestBytes("sha256", Buffer.from("other")), rest, undefined),
  ).rejects.toMatchObject({ code: "DIGEST_INVALID" });
  // The upload's own blocks stay for another try, read back as they were, until it expires.
  expect(await committed(registry.storage.container)).toHaveLength(2);
});
