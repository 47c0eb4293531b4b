import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../emulators/azurite.ts";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import type { Place } from "../../../shared/domain/place.ts";
import { StorageProxy } from "../../support/storage-proxy.ts";
import { collect, newPlace, propertiesOf, sampleBytes } from "../sample-blobs.ts";

const periodMillis = 400;
const mediaType = "application/octet-stream";
const hour = 3_600_000;
const unavailable = expect.objectContaining({
  code: "UNAVAILABLE",
  status: 503,
  headers: { "retry-after": expect.stringMatching(/^\d+$/) },
});

let azurite: Azurite;
let primary: StorageProxy;
let secondary: StorageProxy;
let account: StorageAccount;
let blobs: AzureBlobs;
/** ms since 1970; undefined: the service does not tell. */
let lastSync: number | undefined;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite?.stop();
});

beforeEach(async () => {
  lastSync = Date.now() - hour;
  primary = await StorageProxy.start(azurite.blobEndpoint);
  secondary = await StorageProxy.start(`${azurite.blobEndpoint}-secondary`);
  secondary.fault = ({ operation }) => (operation === "GET stats" ? statistics() : undefined);
  account = new StorageAccount(
    {
      ...emulatedAccount("local", azurite.connectionString),
      blobEndpoint: primary.url,
      secondaryBlobEndpoint: secondary.url,
    },
    { observer: { call: () => {} }, now: Date.now, canaryPeriodMillis: periodMillis },
  );
  blobs = new AzureBlobs(new Map([["local", account]]));
});

afterEach(async () => {
  account.close();
  await primary.goDown();
  await secondary.goDown();
});

function statistics() {
  if (lastSync === undefined)
    return { kind: "refuse", status: 403, code: "AuthorizationPermissionMismatch" } as const;
  const time = new Date(lastSync).toUTCString();
  const body =
    '<?xml version="1.0" encoding="utf-8"?><StorageServiceStats><GeoReplication><Status>live</Status>' +
    `<LastSyncTime>${time}</LastSyncTime></GeoReplication></StorageServiceStats>`;
  return { kind: "answer", status: 200, body } as const;
}

async function stored(): Promise<{ place: Place; bytes: Buffer }> {
  const [place, bytes] = [newPlace(), sampleBytes(2_000)];
  await blobs.put(place, bytes, propertiesOf(bytes));
  return { place, bytes };
}

async function sign(place: Place, committedAt?: number): Promise<string> {
  const options = committedAt === undefined ? {} : { committedAt };
  return (await blobs.sign(place, { seconds: 60, mediaType, ...options })) ?? "";
}

/** Calls until the answer is as wanted. @returns ms that it took */
async function until(wanted: () => Promise<boolean>, millisMax = 10_000): Promise<number> {
  const started = performance.now();
  while (!(await wanted())) {
    if (performance.now() - started > millisMax) throw new Error("it did not come");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - started;
}

/** Lets pulls go on while the primary is gone, until they are led elsewhere. */
async function takePrimaryDown(place: Place, committedAt: number): Promise<number> {
  // By now the canary has been read, as it is in an account that is in use.
  await sign(place, committedAt);
  await until(async () => primary.passed.some(({ path }) => path.endsWith("/canary")));
  await account.health.confirm();
  await primary.goDown();
  return await until(async () => {
    const url = await sign(place, committedAt).catch(() => "");
    return !url.startsWith(primary.url);
  });
}

async function read(place: Place, committedAt?: number): Promise<Buffer | undefined> {
  const opened = await blobs.open(place, 0, 1_999, committedAt);
  return opened === undefined ? undefined : await collect(opened);
}

describe("while the primary endpoint is down", () => {
  const old = () => Date.now() - 2 * hour;

  it("signs for the secondary within one period of the canary, and a moment to make sure", async () => {
    const { place, bytes } = await stored();
    expect(await sign(place, old())).toContain(`${primary.url}/${place.container}/${place.name}?`);
    expect(await takePrimaryDown(place, old())).toBeLessThan(periodMillis + 1_500);
    const url = await sign(place, old());
    expect(url).toContain(`${secondary.url}/${place.container}/${place.name}?`);
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it("reads at the secondary what is served through", async () => {
    const { place, bytes } = await stored();
    await takePrimaryDown(place, old());
    expect((await read(place, old()))?.equals(bytes)).toBe(true);
  });

  it("goes on at the secondary in the very request that finds out", async () => {
    const { place, bytes } = await stored();
    await sign(place, old());
    await account.health.confirm();
    await primary.goDown();
    expect((await read(place, old()))?.equals(bytes)).toBe(true);
  });

  it("gives nothing that was committed after the last sync, nor within a minute before it", async () => {
    const { place } = await stored();
    await takePrimaryDown(place, old());
    const synced = lastSync ?? 0;
    for (const committedAt of [Date.now(), synced + 1_000, synced - 59_000, undefined]) {
      await expect(sign(place, committedAt)).rejects.toEqual(unavailable);
      await expect(read(place, committedAt)).rejects.toEqual(unavailable);
    }
    expect(await sign(place, synced - 62_000)).toContain(secondary.url);
  });

  it("gives what has arrived since, once the secondary says so", async () => {
    const { place, bytes } = await stored();
    const committedAt = Date.now();
    await takePrimaryDown(place, old());
    await expect(sign(place, committedAt)).rejects.toEqual(unavailable);
    lastSync = committedAt + hour;
    await until(async () => (await sign(place, committedAt).catch(() => "")).startsWith(secondary.url));
    expect((await read(place, committedAt))?.equals(bytes)).toBe(true);
  });

  it("says that it is away, and not that the bytes are gone, when the secondary lacks them", async () => {
    const { place } = await stored();
    await takePrimaryDown(place, old());
    await expect(read(newPlace(), old())).rejects.toEqual(unavailable);
  });

  it("gives nothing when the secondary does not tell how far it is", async () => {
    lastSync = undefined;
    const { place } = await stored();
    await takePrimaryDown(place, old());
    await expect(sign(place, old())).rejects.toEqual(unavailable);
    await expect(read(place, old())).rejects.toEqual(unavailable);
  });

  it("takes no writes", async () => {
    const { place, bytes } = await stored();
    await takePrimaryDown(place, old());
    await expect(blobs.put(newPlace(), bytes, propertiesOf(bytes))).rejects.toEqual(unavailable);
    expect(secondary.passed.every(({ operation }) => operation.startsWith("GET"))).toBe(true);
  });

  it("goes back to the primary when that has come back", async () => {
    const { place, bytes } = await stored();
    await takePrimaryDown(place, old());
    await primary.comeBack();
    await until(async () => (await sign(place, old())).startsWith(primary.url));
    expect((await read(place, Date.now()))?.equals(bytes)).toBe(true);
  });
});

describe("while both endpoints are down", () => {
  it("says so at once when it is known, and within the time of a read when it is not", async () => {
    const { place } = await stored();
    const old = Date.now() - 2 * hour;
    await sign(place, old);
    await account.health.confirm();
    await Promise.all([primary.goDown(), secondary.goDown()]);
    let started = performance.now();
    await expect(read(place, old)).rejects.toEqual(unavailable);
    expect(performance.now() - started).toBeLessThan(12_500);
    await until(async () => (await sign(place, old).catch(() => "")) === "");
    started = performance.now();
    await expect(sign(place, old)).rejects.toEqual(unavailable);
    await expect(read(place, old)).rejects.toEqual(unavailable);
    expect(performance.now() - started).toBeLessThan(200);
  });
});

describe("while the primary endpoint answers only sometimes", () => {
  it("stays with it after one failure", async () => {
    const { place } = await stored();
    const old = Date.now() - 2 * hour;
    await sign(place, old);
    await account.health.confirm();
    let failures = 0;
    primary.fault = ({ path }) => {
      if (!path.endsWith("/canary") || failures > 0) return undefined;
      failures += 1;
      return { kind: "reset" };
    };
    await until(async () => failures > 0);
    await account.health.confirm();
    expect(await sign(place, old)).toContain(primary.url);
  });

  it("leaves it when it hangs", async () => {
    const { place } = await stored();
    const old = Date.now() - 2 * hour;
    await sign(place, old);
    await account.health.confirm();
    primary.fault = () => ({ kind: "hang" });
    expect((await read(place, old))?.byteLength).toBe(2_000);
    expect(await sign(place, old)).toContain(secondary.url);
  });
});
