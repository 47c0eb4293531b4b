// Questions about Azure Storage that only the service can answer. Run one by its name, or all; see docs/live-checks.md.
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { ulid } from "ulid";
import { StorageAccount } from "../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../shared/azure/storage/blobs.ts";
import { blockId } from "../../shared/azure/storage/block-writer.ts";
import { cloudAccount, emulatedAccount } from "../../shared/azure/storage/clients.ts";
import { faultOf } from "../../shared/azure/storage/errors.ts";
import { digestBytes } from "../../shared/domain/hash.ts";
import { type Place, placeName } from "../../shared/domain/place.ts";

const endpoint = process.env["STORAGE_BLOB_ENDPOINT"];
const connection = process.env["STORAGE_CONNECTION_STRING"];
if (endpoint === undefined && connection === undefined) {
  throw new Error("set STORAGE_BLOB_ENDPOINT=https://<account>.blob.core.windows.net");
}
const options =
  endpoint === undefined ? emulatedAccount("live", connection ?? "") : cloudAccount("live", endpoint, true);
const account = new StorageAccount(options, { observer: { call: () => {} }, now: Date.now });
const blobs = new AzureBlobs(new Map([["live", account]]));
const container = "portolan-live-checks";

function newPlace(): Place {
  return { account: "live", container, name: placeName(Date.now(), ulid()) };
}

async function clientOf(place: Place, of: "primary" | "secondary" = "primary") {
  return (await account.clients.blobs(of)).getContainerClient(place.container).getBlockBlobClient(place.name);
}

async function stored(bytes = randomBytes(1_000)): Promise<Place> {
  const place = newPlace();
  const digest = digestBytes("sha256", bytes);
  await blobs.put(place, bytes, { registry: "live", repository: "live", digest, size: bytes.byteLength });
  return place;
}

async function staged(place: Place, nonce: string, bytes = randomBytes(10)): Promise<void> {
  await (await clientOf(place)).stageBlock(blockId(nonce, 0), bytes, bytes.byteLength);
}

/** What a call was answered: its result, or status and code. */
async function answer(call: Promise<unknown>, done = "done"): Promise<string> {
  return await call.then(
    () => done,
    (error: unknown) => {
      const fault = faultOf("call", error, 1);
      return fault === undefined ? String(error) : `${fault.status} ${fault.code}`;
    },
  );
}

const newNonce = () => randomBytes(16).toString("base64url");
const sign = (place: Place) => blobs.sign(place, { seconds: 300, mediaType: "application/octet-stream" });

const checks: Readonly<Record<string, () => Promise<string>>> = {
  "signed-url": async () => {
    const url = (await sign(await stored())) ?? "";
    const plain = await fetch(url);
    const withToken = await fetch(url, { headers: { authorization: "Bearer e30.e30.e30" } });
    return `${plain.status} ${plain.headers.get("content-type")}; with Authorization besides: ${withToken.status}`;
  },
  "signed-url-at-secondary": async () => {
    const place = await stored();
    const url = await account.urls.sign(place, { seconds: 300, mediaType: "text/plain" }, "secondary");
    let status = 0;
    for (let seconds = 0; status !== 200 && seconds < 900; seconds += 15) {
      status = (await fetch(url)).status;
      if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 15_000));
    }
    return String(status);
  },
  "last-sync-time": async () => {
    const service = await account.clients.blobs("secondary");
    const statistics = await service.getStatistics();
    const { status, lastSyncOn } = statistics.geoReplication ?? {};
    return `${status}, ${Math.round((Date.now() - (lastSyncOn?.getTime() ?? 0)) / 1000)} s ago`;
  },
  "delegation-key-at-secondary": async () => {
    const service = await account.clients.blobs("secondary");
    const now = Date.now();
    return await answer(service.getUserDelegationKey(new Date(now), new Date(now + 3_600_000)));
  },
  "lease-of-uncommitted": async () => {
    const [place, nonce] = [newPlace(), newNonce()];
    await stored();
    await staged(place, nonce);
    const client = await clientOf(place);
    const lease = client.getBlobLeaseClient();
    const acquired = await answer(lease.acquireLease(30), "leased");
    const other = await answer(staged(place, newNonce()), "staged");
    const ids = [blockId(nonce, 0)];
    const commit = client.commitBlockList(ids, { conditions: { leaseId: lease.leaseId } });
    const committed = await answer(commit, "committed");
    return `${acquired}; another block meanwhile: ${other}; the holder's list: ${committed}`;
  },
  "empty-list-drops-blocks": async () => {
    const [place, nonce] = [newPlace(), newNonce()];
    await stored();
    await staged(place, nonce);
    await blobs.discard(place, { runs: [{ nonce, blocks: 1 }], bytes: 10 });
    return await answer((await clientOf(place)).commitBlockList([blockId(nonce, 0)]), "committed");
  },
  "block-to-no-container": async () => {
    const client = (await account.clients.blobs()).getContainerClient(`none-${Date.now()}`);
    const pieces = Array.from({ length: 128 }, () => Buffer.alloc(64 * 1024));
    const id = blockId(newNonce(), 0);
    const body = () => Readable.from(pieces);
    return await answer(client.getBlockBlobClient("x").stageBlock(id, body, 8 * 1024 ** 2), "staged");
  },
  "condition-on-nothing": async () => {
    const client = await clientOf(newPlace());
    const conditions = { ifMatch: '"0x8D0000000000000"' };
    return await answer(client.upload("x", 1, { conditions }), "written");
  },
  throughput: async () => {
    const blocks = 64;
    const place = newPlace();
    const pieces = Array.from({ length: 128 }, () => randomBytes(64 * 1024));
    const nonce = newNonce();
    const writer = await blobs.extend(place, { runs: [], bytes: 0 }, nonce);
    const started = performance.now();
    const lane = async () => {
      for (let count = 0; count < blocks / 4; count++) await writer.stage(pieces);
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    const seconds = (performance.now() - started) / 1000;
    await blobs.discard(place, { runs: [{ nonce, blocks }], bytes: blocks * 8 * 1024 ** 2 });
    return `${Math.round((blocks * 8) / seconds)} MiB/s with four blocks under way`;
  },
};

const wanted = process.argv.slice(2);
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`${name}: ${await resultOf(check)}`);
}
account.close();

async function resultOf(check: () => Promise<string>): Promise<string> {
  let result = "";
  const failure = await answer(
    check().then((text) => {
      result = text;
    }),
  );
  return result === "" ? failure : result;
}
