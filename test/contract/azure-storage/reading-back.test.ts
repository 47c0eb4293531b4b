import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../emulators/azurite.ts";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import { type Place, placeName } from "../../../shared/domain/place.ts";
import type { Staged } from "../../../shared/ports/blob-store.ts";
import { StorageProxy } from "../../support/storage-proxy.ts";
import {
  collect,
  newNonce,
  newPlace,
  nothing,
  propertiesOf,
  readAt,
  sampleBytes,
  stageRun,
} from "../sample-blobs.ts";

const block = 1_024;
const uploadUnknown = expect.objectContaining({ code: "BLOB_UPLOAD_UNKNOWN" });

let azurite: Azurite;
let proxy: StorageProxy;
/** Through the proxy, so that a test holds its requests, and straight to the emulator. */
let held: AzureBlobs;
let direct: AzureBlobs;
const accounts: StorageAccount[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  proxy = await StorageProxy.start(azurite.blobEndpoint);
  const open = (blobEndpoint: string): AzureBlobs => {
    const options = { ...emulatedAccount("local", azurite.connectionString), blobEndpoint };
    const account = new StorageAccount(
      { ...options, secondaryBlobEndpoint: undefined },
      { observer: { call: () => {} }, now: Date.now },
    );
    accounts.push(account);
    return new AzureBlobs(new Map([["local", account]]), { blockBytes: block });
  };
  held = open(proxy.url);
  direct = open(azurite.blobEndpoint);
});

afterEach(() => {
  proxy.fault = () => undefined;
});

afterAll(async () => {
  for (const account of accounts) account.close();
  await proxy?.goDown();
  await azurite?.stop();
});

/** Lets the next list of blocks wait at the proxy. */
function holdNextList(): { arrived: Promise<void>; release: () => void } {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let done = false;
  proxy.fault = ({ operation }) => {
    if (operation !== "PUT blocklist" || done) return undefined;
    done = true;
    arrived.resolve();
    return { kind: "hold", until: released.promise };
  };
  return { arrived: arrived.promise, release: () => released.resolve() };
}

/** Ends a lease before its time, as thirty seconds would. */
async function endLease(place: Place): Promise<void> {
  const service = await accounts[1]?.clients.blobs();
  const blob = service?.getContainerClient(place.container).getBlobClient(place.name);
  await blob?.getBlobLeaseClient().breakLease(0);
}

/** A promise that can be asked whether it is settled. */
function settled(promise: Promise<void>): { promise: Promise<void>; done: boolean } {
  const state = { promise, done: false };
  const note = () => {
    state.done = true;
  };
  promise.then(note, note);
  return state;
}

async function pause(millis: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, millis));
}

function extended(staged: Staged, nonce: string, bytes: Buffer): Staged {
  return { runs: [...staged.runs, { nonce, blocks: 1 }], bytes: staged.bytes + bytes.byteLength };
}

describe("reading back what is staged", () => {
  it("shows nothing to those who look for a blob", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(3 * block)];
    const { staged } = await stageRun(direct, place, nothing, bytes);
    expect((await collect(direct.openStaged(place, staged))).equals(bytes)).toBe(true);
    expect(await readAt(direct, place, 0, 9)).toBeUndefined();
    await direct.commit(place, staged, propertiesOf(bytes));
    expect((await readAt(direct, place, 0, 3 * block - 1))?.equals(bytes)).toBe(true);
  });

  it("keeps what other requests have staged meanwhile, and are still staging", async () => {
    const place = newPlace();
    const [head, before, after] = [sampleBytes(block + 1), sampleBytes(block, 1), sampleBytes(9, 2)];
    const { staged } = await stageRun(direct, place, nothing, head);
    const nonce = newNonce();
    const rival = await direct.extend(place, staged, nonce);
    await rival.stage([before]);
    expect((await collect(direct.openStaged(place, staged))).equals(head)).toBe(true);
    await rival.stage([after]);
    await rival.finish();
    const whole = Buffer.concat([head, before, after]);
    const full = { runs: [...staged.runs, { nonce, blocks: 2 }], bytes: whole.byteLength };
    expect((await collect(direct.openStaged(place, full))).equals(whole)).toBe(true);
    await direct.commit(place, full, propertiesOf(whole));
    expect((await readAt(direct, place, 0, whole.byteLength - 1))?.equals(whole)).toBe(true);
  });

  it("is one look when nothing has been staged since it was last read back", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(block)];
    const { staged } = await stageRun(held, place, nothing, bytes);
    await collect(held.openStaged(place, staged));
    const before = proxy.passed.length;
    await collect(held.openStaged(place, staged));
    expect(proxy.passed.slice(before).map(({ operation }) => operation)).toEqual(["GET blocklist", "GET"]);
  });

  it("lets a commit wait for a moment", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(2 * block)];
    const { staged } = await stageRun(direct, place, nothing, bytes);
    const hold = holdNextList();
    const reading = collect(held.openStaged(place, staged));
    await hold.arrived;
    const committing = settled(direct.commit(place, staged, propertiesOf(bytes)));
    await pause(300);
    expect(committing.done).toBe(false);
    hold.release();
    expect((await reading).equals(bytes)).toBe(true);
    await committing.promise;
    expect((await readAt(direct, place, 0, 2 * block - 1))?.equals(bytes)).toBe(true);
  });

  it("never replaces a blob that was committed while it stood still", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(2 * block)];
    const { staged } = await stageRun(direct, place, nothing, bytes);
    const hold = holdNextList();
    const reading = collect(held.openStaged(place, staged));
    await hold.arrived;
    await endLease(place);
    await direct.commit(place, staged, propertiesOf(bytes));
    hold.release();
    expect((await reading).equals(bytes)).toBe(true);
    expect((await readAt(direct, place, 0, 2 * block - 1))?.equals(bytes)).toBe(true);
    await direct.commit(place, staged, propertiesOf(bytes));
  });

  it("never replaces a committed blob by one with blocks that came later", async () => {
    const [place, bytes, late] = [newPlace(), sampleBytes(2 * block), sampleBytes(5, 1)];
    const { staged } = await stageRun(direct, place, nothing, bytes);
    await direct.commit(place, staged, propertiesOf(bytes));
    const { staged: longer } = await stageRun(direct, place, staged, late);
    await expect(collect(direct.openStaged(place, longer))).rejects.toEqual(uploadUnknown);
    await expect(direct.commit(place, longer, propertiesOf(Buffer.concat([bytes, late])))).rejects.toThrow();
    expect((await readAt(direct, place, 0, 2 * block - 1))?.equals(bytes)).toBe(true);
  });

  it("keeps a block that arrives in the very moment, by letting it wait", async () => {
    const place = newPlace();
    const [head, tail] = [sampleBytes(block), sampleBytes(block, 1)];
    const { staged } = await stageRun(direct, place, nothing, head);
    const hold = holdNextList();
    const reading = collect(held.openStaged(place, staged));
    await hold.arrived;
    const nonce = newNonce();
    const rival = await direct.extend(place, staged, nonce);
    const staging = settled(rival.stage([tail]));
    await pause(300);
    expect(staging.done).toBe(false);
    hold.release();
    expect((await reading).equals(head)).toBe(true);
    await staging.promise;
    await rival.finish();
    const whole = Buffer.concat([head, tail]);
    await direct.commit(place, extended(staged, nonce, tail), propertiesOf(whole));
    expect((await readAt(direct, place, 0, whole.byteLength - 1))?.equals(whole)).toBe(true);
  });

  it("does no harm when it stood still until others had gone on", async () => {
    const place = newPlace();
    const [head, tail] = [sampleBytes(block), sampleBytes(block, 1)];
    const { staged } = await stageRun(direct, place, nothing, head);
    const hold = holdNextList();
    const slow = collect(held.openStaged(place, staged));
    await hold.arrived;
    await endLease(place);
    const nonce = newNonce();
    const rival = await direct.extend(place, staged, nonce);
    await rival.stage([tail]);
    await rival.finish();
    hold.release();
    expect((await slow).equals(head)).toBe(true);
    const whole = Buffer.concat([head, tail]);
    await direct.commit(place, extended(staged, nonce, tail), propertiesOf(whole));
    expect((await readAt(direct, place, 0, whole.byteLength - 1))?.equals(whole)).toBe(true);
  });

  it("lets several read back at once", async () => {
    const place = newPlace();
    const head = sampleBytes(block);
    const { staged } = await stageRun(direct, place, nothing, head);
    const longer = await stageRun(direct, place, staged, sampleBytes(block, 1));
    const other = await stageRun(direct, place, staged, sampleBytes(block, 2));
    const reads = await Promise.all(
      [staged, longer.staged, other.staged, staged].map((part) => collect(direct.openStaged(place, part))),
    );
    expect(reads.map((bytes) => bytes.subarray(0, block).equals(head))).toEqual([true, true, true, true]);
    expect(reads[1]?.subarray(block).equals(sampleBytes(block, 1))).toBe(true);
    expect(reads[2]?.subarray(block).equals(sampleBytes(block, 2))).toBe(true);
  });

  it("works where the service leases nothing that is not committed yet", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(2 * block)];
    const { staged } = await stageRun(direct, place, nothing, bytes);
    proxy.fault = ({ operation }) =>
      operation === "PUT lease" ? { kind: "refuse", status: 404, code: "BlobNotFound" } : undefined;
    expect((await collect(held.openStaged(place, staged))).equals(bytes)).toBe(true);
  });

  it("stops for a blob whose blocks are not as long as the session says", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(block)];
    const { staged } = await stageRun(direct, place, nothing, bytes);
    const wrong = { ...staged, bytes: block - 1 };
    await expect(collect(direct.openStaged(place, wrong))).rejects.toEqual(uploadUnknown);
  });
});

describe("what reading back leaves behind", () => {
  const day = 24 * 3_600_000;

  function placeOf(millis: number): Place {
    const { account, container, name } = newPlace();
    return { account, container, name: placeName(millis, name.split("/").at(-1) ?? "") };
  }

  it("is removed once the upload is old, unless it became a blob", async () => {
    const began = Date.now() - 9 * day;
    const [forgotten, finished, young] = [placeOf(began), placeOf(began), placeOf(Date.now())];
    const bytes = sampleBytes(block);
    const left = new Map<Place, Staged>();
    for (const place of [forgotten, finished, young]) {
      const { staged } = await stageRun(direct, place, nothing, bytes);
      await collect(direct.openStaged(place, staged));
      left.set(place, staged);
    }
    await direct.commit(finished, left.get(finished) ?? nothing, propertiesOf(bytes));
    expect(await direct.discardUnfinished(began - day)).toBe(0);
    expect(await direct.discardUnfinished(Date.now() - 7 * day)).toBe(1);
    expect(await direct.discardUnfinished(Date.now() - 7 * day)).toBe(0);
    await expect(collect(direct.openStaged(forgotten, left.get(forgotten) ?? nothing))).rejects.toEqual(
      uploadUnknown,
    );
    expect((await readAt(direct, finished, 0, block - 1))?.equals(bytes)).toBe(true);
    expect((await collect(direct.openStaged(young, left.get(young) ?? nothing))).equals(bytes)).toBe(true);
  });

  it("goes with the upload when that is discarded", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(block)];
    const { staged } = await stageRun(direct, place, nothing, bytes);
    await collect(direct.openStaged(place, staged));
    await direct.discard(place, staged);
    await expect(collect(direct.openStaged(place, staged))).rejects.toEqual(uploadUnknown);
    await expect(direct.commit(place, staged, propertiesOf(bytes))).rejects.toEqual(uploadUnknown);
  });
});
