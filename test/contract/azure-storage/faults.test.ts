import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import type { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import { AzureSessions } from "../../../shared/azure/storage/sessions.ts";
import type { AzureWorkQueue } from "../../../shared/azure/storage/work-queue.ts";
import { RegistryError } from "../../../shared/domain/errors.ts";
import type { Fault, StorageProxy } from "../../support/storage-proxy.ts";
import { collect, newPlace, nothing, propertiesOf, readAt, sampleBytes, stageRun } from "../sample-blobs.ts";
import { type ProxiedStorage, sessionAt, startProxiedStorage } from "./proxied-storage.ts";

const busy: Fault = { kind: "refuse", status: 503, code: "ServerBusy", retryAfter: 0 };
const broken: Fault = { kind: "refuse", status: 500, code: "InternalError" };
/** A block that arrived as another. */
const mismatch: Fault = { kind: "refuse", status: 400, code: "Md5Mismatch" };
const lose: Fault = { kind: "lose" };
const reset: Fault = { kind: "reset" };

let storage: ProxiedStorage;
let blobProxy: StorageProxy;
let queueProxy: StorageProxy;
let blobs: AzureBlobs;
let sessions: AzureSessions;
let work: AzureWorkQueue;

beforeAll(async () => {
  storage = await startProxiedStorage();
  ({ blobProxy, queueProxy, blobs, sessions, work } = storage);
});
afterEach(() => storage.heal());
afterAll(async () => {
  await storage?.close();
});

/** How often requests of an operation came while `action` ran. */
async function countWhile(
  proxy: StorageProxy,
  operation: string,
  action: () => Promise<unknown>,
): Promise<number> {
  const before = proxy.passed.length;
  await action();
  return proxy.passed.slice(before).filter((passing) => passing.operation === operation).length;
}

describe("a block", () => {
  it("goes with its hash, so that the service takes no other bytes for it", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(blobs.blockBytes + 5)];
    const before = blobProxy.passed.length;
    blobProxy.next("PUT block", mismatch);
    const { staged } = await stageRun(blobs, place, nothing, bytes);
    const hashes = blobProxy.passed.slice(before).map(({ headers }) => headers["content-md5"]);
    const [first, second] = [bytes.subarray(0, blobs.blockBytes), bytes.subarray(blobs.blockBytes)].map(
      (block) => createHash("md5").update(block).digest("base64"),
    );
    // The one that was refused is sent again.
    expect(hashes.toSorted()).toEqual([first, first, second].toSorted());
    await blobs.commit(place, staged, propertiesOf(bytes));
    expect((await readAt(blobs, place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
  });
});

describe.each([
  ["is busy", busy],
  ["is broken", broken],
  ["cuts the connection", reset],
  ["does what it is asked, but its reply is lost", lose],
])("when storage %s once", (_, fault) => {
  it("stores a small blob all the same", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(500)];
    blobProxy.next("PUT", fault);
    const puts = await countWhile(blobProxy, "PUT", () => blobs.put(place, bytes, propertiesOf(bytes)));
    expect(puts).toBe(2);
    expect((await readAt(blobs, place, 0, 499))?.equals(bytes)).toBe(true);
  });

  it("stages a block all the same, and sends all of it again", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(blobs.blockBytes * 2 + 5)];
    blobProxy.next("PUT block", fault, fault);
    const { staged } = await stageRun(blobs, place, nothing, bytes);
    await blobs.commit(place, staged, propertiesOf(bytes));
    expect((await readAt(blobs, place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
  });

  it("commits all the same, and once", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(blobs.blockBytes + 5)];
    const { staged } = await stageRun(blobs, place, nothing, bytes);
    blobProxy.next("PUT blocklist", fault);
    await blobs.commit(place, staged, propertiesOf(bytes));
    await blobs.commit(place, staged, propertiesOf(bytes));
    expect((await readAt(blobs, place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
  });

  it("reads back what was staged all the same", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(blobs.blockBytes + 5)];
    const { staged } = await stageRun(blobs, place, nothing, bytes);
    blobProxy.next("PUT blocklist", fault);
    expect((await collect(blobs.openStaged(place, staged))).equals(bytes)).toBe(true);
    blobProxy.next("PUT blocklist", fault);
    await blobs.commit(place, staged, propertiesOf(bytes));
    expect((await readAt(blobs, place, 0, bytes.byteLength - 1))?.equals(bytes)).toBe(true);
  });

  it("opens a blob all the same", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(500)];
    await blobs.put(place, bytes, propertiesOf(bytes));
    blobProxy.next("GET", fault);
    expect((await readAt(blobs, place, 100, 499))?.equals(bytes.subarray(100))).toBe(true);
  });

  it("deletes all the same", async () => {
    const [place, bytes] = [newPlace(), sampleBytes(5)];
    await blobs.put(place, bytes, propertiesOf(bytes));
    blobProxy.next("DELETE", fault);
    await blobs.delete(place);
    expect(await readAt(blobs, place, 0, 4)).toBeUndefined();
  });

  it("writes a session, and knows its own work", async () => {
    const id = crypto.randomUUID();
    blobProxy.next("PUT", fault);
    expect(await sessions.write(id, sessionAt(1), undefined)).toBe("written");
    const etag = (await sessions.read(id))?.etag;
    blobProxy.next("PUT", fault);
    expect(await sessions.write(id, sessionAt(2), etag)).toBe("written");
    expect((await sessions.read(id))?.session.offset).toBe(2);
    blobProxy.next("PUT", fault);
    expect(await sessions.write(id, sessionAt(3), etag)).toBe("stale");
    expect((await sessions.read(id))?.session.offset).toBe(2);
  });

  it("queues work, once at least", async () => {
    const queue = `q-${crypto.randomUUID().slice(0, 8)}`;
    await work.send(queue, { work: { number: 0 }, attempt: 1 });
    queueProxy.next("POST", fault);
    await work.send(queue, { work: { number: 1 }, attempt: 1 });
    const received = await work.receive(queue, 32, 60);
    expect(new Set(received.map((message) => message.work["number"]))).toEqual(new Set([0, 1]));
    queueProxy.next("DELETE", fault);
    for (const message of received) await work.complete(queue, message);
    expect(await work.length(queue)).toBe(0);
  });
});

describe("a rival that wins while a reply is lost", () => {
  it("is told from the writer whose session it replaced", async () => {
    const id = crypto.randomUUID();
    await sessions.write(id, sessionAt(1), undefined);
    const etag = (await sessions.read(id))?.etag;
    let rival: Promise<unknown> | undefined;
    const direct = new AzureSessions(
      new StorageAccount(emulatedAccount("local", storage.azurite.connectionString), {
        observer: { call: () => {} },
        now: Date.now,
      }),
    );
    blobProxy.fault = ({ operation }) => {
      if (operation !== "PUT" || rival !== undefined) return undefined;
      rival = direct.write(id, sessionAt(7), etag);
      return { kind: "reset" };
    };
    expect(await sessions.write(id, sessionAt(2), etag)).toBe("stale");
    expect(await rival).toBe("written");
    expect((await sessions.read(id))?.session.offset).toBe(7);
  });

  it("does not get other bytes over those at a place", async () => {
    const [place, bytes, others] = [newPlace(), sampleBytes(5), sampleBytes(5, 1)];
    await blobs.put(place, bytes, propertiesOf(bytes));
    await expect(blobs.put(place, others, propertiesOf(others))).rejects.toThrow(/other bytes/);
    const { staged } = await stageRun(blobs, place, nothing, others);
    await expect(blobs.commit(place, staged, propertiesOf(others))).rejects.toThrow(/other bytes/);
    expect((await readAt(blobs, place, 0, 4))?.equals(bytes)).toBe(true);
  });
});

describe("when storage does not recover", () => {
  const always = (fault: Fault) => {
    blobProxy.fault = () => fault;
  };

  it("says that it is busy, and for how long", async () => {
    always({ ...busy, retryAfter: 17 });
    const failure: unknown = await blobs.delete(newPlace()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RegistryError);
    expect(failure).toMatchObject({ code: "TOOMANYREQUESTS", status: 429, headers: { "retry-after": "17" } });
  });

  it("says that it is away, within the time that a read may take", async () => {
    for (const fault of [broken, reset]) {
      always(fault);
      const started = performance.now();
      const failure = await blobs.open(newPlace(), 0, 9).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "UNAVAILABLE", status: 503, headers: { "retry-after": "5" } });
      expect(performance.now() - started).toBeLessThan(12_500);
    }
  });

  it("does not wait for an answer that never comes", async () => {
    always({ kind: "hang" });
    const started = performance.now();
    const failure = await blobs.open(newPlace(), 0, 9).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "UNAVAILABLE" });
    expect(performance.now() - started).toBeLessThan(12_500);
  });

  it("says nothing of its keys, whatever fails and however it is shown", async () => {
    const shown: string[] = [];
    for (const fault of [
      busy,
      broken,
      reset,
      { kind: "refuse", status: 403, code: "AuthorizationFailure" },
    ] as const) {
      always(fault);
      for (const call of [
        () => blobs.delete(newPlace()),
        () => blobs.open(newPlace(), 0, 9),
        () => sessions.read(crypto.randomUUID()),
      ]) {
        const failure = await call().then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(failure).toBeInstanceOf(Error);
        shown.push(
          inspect(failure, { depth: 20, showHidden: true }),
          JSON.stringify(failure),
          String(failure),
        );
      }
    }
    const text = shown.join("\n");
    expect(text).toContain("AuthorizationFailure");
    expect(text).not.toContain(storage.azurite.accountKey);
    expect(text).not.toMatch(/SharedKey|authorization:|sig=|Bearer/i);
  });
});
