import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import type { Fault, StorageProxy } from "../../support/storage-proxy.ts";
import { collect, newPlace, propertiesOf, readAt, sampleBytes } from "../sample-blobs.ts";
import { type ProxiedStorage, startProxiedStorage } from "./proxied-storage.ts";

const reset: Fault = { kind: "reset" };

let storage: ProxiedStorage;
let blobProxy: StorageProxy;
let blobs: AzureBlobs;

beforeAll(async () => {
  storage = await startProxiedStorage();
  ({ blobProxy, blobs } = storage);
});
afterEach(() => storage.heal());
afterAll(async () => {
  await storage?.close();
});

describe("a body that breaks", () => {
  const size = 300_000;

  async function blobOf(bytes: Buffer) {
    const place = newPlace();
    await blobs.put(place, bytes, propertiesOf(bytes));
    return place;
  }

  it("goes on where it broke, as often as something comes", async () => {
    const bytes = sampleBytes(size);
    const place = await blobOf(bytes);
    blobProxy.next("GET", { kind: "cut", bytes: 1_000 }, { kind: "cut", bytes: 70_000 }, reset, {
      kind: "cut",
      bytes: 1,
    });
    const before = blobProxy.passed.length;
    expect((await readAt(blobs, place, 10, size - 1))?.equals(bytes.subarray(10))).toBe(true);
    const ranges = blobProxy.passed
      .slice(before)
      .map(({ headers }) => headers["x-ms-range"] ?? headers["range"]);
    expect(ranges[0]).toBe(`bytes=10-${size - 1}`);
    expect(new Set(ranges).size).toBeGreaterThan(2);
  });

  it("is never taken for a whole one", async () => {
    const bytes = sampleBytes(size);
    const place = await blobOf(bytes);
    let requests = 0;
    blobProxy.fault = ({ operation }) => {
      if (operation !== "GET") return undefined;
      requests += 1;
      return requests === 1 ? { kind: "cut", bytes: 1_000 } : reset;
    };
    const opened = await blobs.open(place, 0, size - 1);
    if (opened === undefined) throw new Error("a blob was stored");
    await expect(collect(opened)).rejects.toThrow();
  });

  it("is given up when each attempt begins well and brings nothing", async () => {
    const bytes = sampleBytes(size);
    const place = await blobOf(bytes);
    let bodies = 0;
    blobProxy.fault = ({ operation }) => {
      if (operation !== "GET") return undefined;
      bodies += 1;
      return { kind: "cut", bytes: bodies === 1 ? 1_000 : 0 };
    };
    const opened = await blobs.open(place, 0, size - 1);
    if (opened === undefined) throw new Error("a blob was stored");
    await expect(collect(opened)).rejects.toThrow(/BodyBrokenOff/);
    expect(bodies).toBeLessThan(10);
  });

  it("is not patched up with bytes that were written since", async () => {
    const bytes = sampleBytes(size);
    const place = await blobOf(bytes);
    blobProxy.next("GET", { kind: "cut", bytes: 1_000 });
    const opened = await blobs.open(place, 0, size - 1);
    if (opened === undefined) throw new Error("a blob was stored");
    await blobs.delete(place);
    const others = sampleBytes(size, 9);
    await blobs.put(place, others, propertiesOf(others));
    await expect(collect(opened)).rejects.toThrow();
  });

  it("gives its connection back when nobody reads it, and is opened again when somebody does", async () => {
    const bytes = sampleBytes(size);
    const place = await blobOf(bytes);
    const opened = await blobs.open(place, 0, size - 1);
    if (opened === undefined) throw new Error("a blob was stored");
    for await (const piece of opened) {
      expect(piece.byteLength).toBeGreaterThan(0);
      break;
    }
    expect((await collect(opened)).equals(bytes)).toBe(true);
  });
});
