import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../emulators/azurite.ts";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import { type StrictStorageFront, startStrictStorageFront } from "../../support/strict-storage.ts";
import { collect, newPlace, propertiesOf, sampleBytes } from "../sample-blobs.ts";

let azurite: Azurite;
let front: StrictStorageFront;
let account: StorageAccount;
let blobs: AzureBlobs;

beforeAll(async () => {
  azurite = await startAzurite();
  front = await startStrictStorageFront(azurite.blobEndpoint);
  account = new StorageAccount(
    { ...emulatedAccount("local", azurite.connectionString), blobEndpoint: front.endpoint },
    { observer: { call: () => {} }, now: Date.now },
  );
  blobs = new AzureBlobs(new Map([["local", account]]));
});

afterAll(async () => {
  account?.close();
  await front?.stop();
  await azurite?.stop();
});

async function signedUrl(): Promise<{ url: string; bytes: Buffer }> {
  const [place, bytes] = [newPlace(), sampleBytes(2_000)];
  await blobs.put(place, bytes, propertiesOf(bytes));
  const url = await blobs.sign(place, { seconds: 60, mediaType: "application/octet-stream" });
  return { url: url ?? "", bytes };
}

it("lets through what the registry itself asks, without a signed URL and with an Authorization header", async () => {
  const [place, bytes] = [newPlace(), sampleBytes(2_000)];
  await blobs.put(place, bytes, propertiesOf(bytes));
  const opened = await blobs.open(place, 0, 1_999);
  expect(opened === undefined ? undefined : await collect(opened)).toEqual(bytes);
  expect(front.refused).toBe(0);
});

it("lets a signed URL through, whole and in ranges", async () => {
  const { url, bytes } = await signedUrl();
  expect(url.startsWith(`${front.endpoint}/`)).toBe(true);
  const signedBefore = front.signed;
  const whole = await fetch(url);
  expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
  const part = await fetch(url, { headers: { range: "bytes=10-19" } });
  expect(part.status).toBe(206);
  expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(10, 20))).toBe(true);
  expect(front.signed - signedBefore).toBe(2);
  expect(front.refused).toBe(0);
});

it("refuses a signed URL with an Authorization header, which the emulator takes", async () => {
  const { url } = await signedUrl();
  const headers = { authorization: "Bearer of-the-registry" };
  const direct = url.replace(front.endpoint, azurite.blobEndpoint);
  const taken = await fetch(direct, { headers });
  await taken.body?.cancel();
  expect(taken.status).toBe(200);
  const before = front.refused;
  const answer = await fetch(url, { headers });
  expect(answer.status).toBe(400);
  expect(answer.headers.get("x-ms-error-code")).toBe("InvalidAuthenticationInfo");
  expect(await answer.text()).toContain("<Code>InvalidAuthenticationInfo</Code>");
  expect((await fetch(url, { method: "HEAD", headers })).status).toBe(400);
  expect(front.refused - before).toBe(2);
});
