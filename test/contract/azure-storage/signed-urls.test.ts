import { get } from "node:https";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../emulators/azurite.ts";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount, type StorageAccountOptions } from "../../../shared/azure/storage/clients.ts";
import { loopbackCertificate } from "../../support/certificate.ts";
import { emulatorToken } from "../../support/identity.ts";
import { newPlace, propertiesOf, sampleBytes } from "../sample-blobs.ts";

const mediaType = "application/octet-stream";
const calls: string[] = [];
let azurite: Azurite;
let account: StorageAccount;
let blobs: AzureBlobs;

/** Another clock than the emulator's is the only way to see a URL expire without waiting. */
let clockOffsetMillis = 0;

function open(options: StorageAccountOptions): { account: StorageAccount; blobs: AzureBlobs } {
  const opened = new StorageAccount(options, {
    observer: { call: (call) => calls.push(call.operation) },
    now: () => Date.now() + clockOffsetMillis,
    credential: async () => ({ getToken: async () => emulatorToken() }),
  });
  return { account: opened, blobs: new AzureBlobs(new Map([["local", opened]])) };
}

beforeAll(async () => {
  const certificate = loopbackCertificate();
  setDefaultCACertificates([...getCACertificates(), certificate.cert]);
  azurite = await startAzurite({ certificate });
  const { accountKey: _key, ...identityOnly } = emulatedAccount("local", azurite.connectionString);
  ({ account, blobs } = open({ ...identityOnly, accountKey: undefined, secondaryBlobEndpoint: undefined }));
});

afterAll(async () => {
  account?.close();
  await azurite?.stop();
});

/** As a client asks: without any Authorization. */
async function fetchUrl(
  url: string,
  method = "GET",
): Promise<{ status: number; type: unknown; body: Buffer }> {
  return await new Promise((resolve, reject) => {
    const request = get(url, { method }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, type: headers["content-type"], body: Buffer.concat(pieces) });
      });
    });
    request.on("error", reject);
  });
}

async function stored(): Promise<{ place: ReturnType<typeof newPlace>; bytes: Buffer }> {
  const [place, bytes] = [newPlace(), sampleBytes(1_000)];
  await blobs.put(place, bytes, propertiesOf(bytes));
  return { place, bytes };
}

async function signed(place: ReturnType<typeof newPlace>, seconds = 60): Promise<string> {
  const url = await blobs.sign(place, { seconds, mediaType });
  if (url === undefined) throw new Error("no URL was signed");
  return url;
}

describe("a signed URL, made with an identity's delegation key", () => {
  it("gives the bytes to anybody, with the type that was asked for", async () => {
    const { place, bytes } = await stored();
    const answer = await fetchUrl(await signed(place));
    expect(answer.status).toBe(200);
    expect(answer.body.equals(bytes)).toBe(true);
    expect(answer.type).toBe(mediaType);
  });

  it("allows one blob to be read over https for minutes, and nothing else", async () => {
    const { place } = await stored();
    const url = new URL(await signed(place, 1_200));
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      sp: "r",
      sr: "b",
      spr: "https",
      rsct: mediaType,
    });
    const expiry = Date.parse(url.searchParams.get("se") ?? "");
    expect(expiry - Date.now()).toBeGreaterThan(1_190_000);
    expect(expiry - Date.now()).toBeLessThan(1_210_000);
    // A user delegation names who delegated, and until when.
    for (const name of ["skoid", "sktid", "skt", "ske", "sig"])
      expect(url.searchParams.get(name), name).toBeTruthy();

    const other = await stored();
    const elsewhere = url.href.replace(place.name, other.place.name);
    expect((await fetchUrl(elsewhere)).status).toBe(403);
    expect((await fetchUrl(url.href, "DELETE")).status).toBe(403);
    expect((await fetchUrl(url.href)).status).toBe(200);
  });

  it("stops working when its time is over", async () => {
    const { place } = await stored();
    clockOffsetMillis = -120_000;
    try {
      const url = await signed(place, 60);
      expect((await fetchUrl(url)).status).toBe(403);
    } finally {
      clockOffsetMillis = 0;
    }
  });

  it("costs one call for the key, and then none", async () => {
    const { place } = await stored();
    await signed(place);
    calls.length = 0;
    for (let times = 0; times < 50; times++) await signed(place);
    expect(calls).toEqual([]);
    const cold = open(account.clients.account);
    await Promise.all(Array.from({ length: 20 }, () => cold.blobs.sign(place, { seconds: 60, mediaType })));
    expect(calls).toEqual(["GetUserDelegationKey"]);
    cold.account.close();
  });
});

describe("a signed URL, made with an emulator's key", () => {
  it("has the same shape, and works over https too", async () => {
    const { place, bytes } = await stored();
    const keyed = open(emulatedAccount("local", azurite.connectionString));
    const text = await keyed.blobs.sign(place, { seconds: 60, mediaType });
    const url = new URL(text ?? "");
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      sp: "r",
      sr: "b",
      spr: "https",
      rsct: mediaType,
    });
    expect(url.searchParams.get("skoid")).toBeNull();
    const answer = await fetchUrl(url.href);
    expect(answer.body.equals(bytes)).toBe(true);
    expect(url.href).not.toContain(encodeURIComponent(azurite.accountKey));
    keyed.account.close();
  });
});
