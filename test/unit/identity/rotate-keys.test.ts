import { beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { type KeyDocument, parseKeys } from "../../../shared/identity/key-document.ts";
import {
  addHashKey,
  dropOldHashKeys,
  ensureKeys,
  replaceLostKeys,
  replaceSigningKeys,
  rotateIfOld,
  rotateSigningKey,
} from "../../../shared/identity/rotate-keys.ts";
import { StoredKeyRing } from "../../../shared/identity/stored-key-ring.ts";
import { MemoryKeyStore } from "../../../shared/memory/key-store.ts";
import type { ManualClock } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const second = 1_000;
const day = 24 * 3_600 * second;

let ports: Ports;
let clock: ManualClock;
let store: MemoryKeyStore;

beforeEach(() => {
  ({ ports, clock } = openMemoryPorts());
  store = new MemoryKeyStore();
});

async function stored(): Promise<KeyDocument> {
  return parseKeys((await store.read()) ?? "");
}

/** A process that stops for ever when it is about to write. */
async function die(change: typeof ensureKeys): Promise<void> {
  await new Promise<void>((resolve) => {
    const write = () => {
      resolve();
      return new Promise<void>(() => {});
    };
    void change(ports, { read: async () => await store.read(), write });
  });
}

/** Several processes wait at once, and time does not pass faster for it. */
function besideOthers(): Ports {
  return { ...ports, pause: async () => await new Promise((resolve) => setImmediate(resolve)) };
}

const publishMillis = () => (limits.keyPublishSeconds + ports.graces.skewSeconds) * second;

describe("the first keys", () => {
  test("are one of each kind, and stay", async () => {
    await ensureKeys(ports, store);
    const first = await stored();
    expect(first.signing).toHaveLength(1);
    expect(first.hashing).toHaveLength(1);
    await ensureKeys(ports, store);
    expect(await stored()).toEqual(first);
  });

  test("are the same for all processes that start at once", async () => {
    const written: string[] = [];
    const watched = {
      read: async () => await store.read(),
      write: async (text: string) => {
        written.push(text);
        await store.write(text);
      },
    };
    await Promise.all(Array.from({ length: 8 }, () => ensureKeys(besideOthers(), watched)));
    expect(written).toHaveLength(1);
  });

  test("are not made again when they are lost, or looked for in the wrong place, unless somebody says so", async () => {
    await ensureKeys(ports, store);
    const elsewhere = new MemoryKeyStore();
    await expect(ensureKeys(ports, elsewhere)).rejects.toThrow("npm run admin -- keys replace-lost");
    expect(await elsewhere.read()).toBeUndefined();
    await replaceLostKeys(ports, elsewhere);
    const replaced = await elsewhere.read();
    await ensureKeys(ports, elsewhere);
    await replaceLostKeys(ports, elsewhere);
    expect(await elsewhere.read()).toBe(replaced);
  });

  test("are not made over what cannot be read", async () => {
    await store.write("{ not JSON");
    await expect(ensureKeys(ports, store)).rejects.toThrow("it is not JSON");
    expect(await store.read()).toBe("{ not JSON");
  });

  test("are made by the next process when the first one died at it", async () => {
    await die(ensureKeys);
    const before = clock.now();
    await ensureKeys(ports, store);
    expect((await stored()).signing).toHaveLength(1);
    expect(clock.now() - before).toBeLessThanOrEqual((limits.keyLeaseSeconds + 1) * second);
  });

  test("are not written by a process that has lost its lease", async () => {
    // The second read is the one under the lease.
    let reads = 0;
    const slow = {
      read: async () => {
        reads += 1;
        if (reads === 2) clock.advance(limits.keyLeaseSeconds * second);
        return await store.read();
      },
      write: async (text: string) => await store.write(text),
    };
    await expect(ensureKeys(ports, slow)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await store.read()).toBeUndefined();
  });
});

describe("a rotation", () => {
  beforeEach(async () => {
    await ensureKeys(ports, store);
  });

  test("publishes the new key at once, and signs with it when all know it", async () => {
    const [first] = (await stored()).signing;
    await rotateSigningKey(ports, store);
    const ring = new StoredKeyRing(store, clock);
    const kids = (await ring.publicKeys()).keys.map(({ kid }) => kid);
    expect(kids).toHaveLength(2);
    expect((await ring.signingKey()).kid).toBe(first?.kid);
    clock.advance(publishMillis() - 1);
    expect((await ring.signingKey()).kid).toBe(first?.kid);
    clock.advance(1);
    expect((await ring.signingKey()).kid).toBe(kids[1]);
    expect(await ring.verifyingKey(first?.kid ?? "")).toBeDefined();
  });

  test("keeps an old key until nothing that it signed is in use", async () => {
    const [first] = (await stored()).signing;
    await rotateSigningKey(ports, store);
    const last = publishMillis() + limits.refreshTokenSeconds * second + publishMillis();
    clock.advance(last - 1);
    await rotateSigningKey(ports, store);
    expect((await stored()).signing.map(({ kid }) => kid)).toContain(first?.kid);
    clock.advance(1);
    await rotateSigningKey(ports, store);
    expect((await stored()).signing.map(({ kid }) => kid)).not.toContain(first?.kid);
  });

  test("never leaves a time without a key to sign with, however many follow each other", async () => {
    for (let count = 0; count < 20; count++) {
      await rotateSigningKey(ports, store);
      const { signing } = await stored();
      expect(signing.some(({ activeFrom }) => activeFrom <= clock.now())).toBe(true);
      clock.advance(publishMillis() / 3);
    }
  });

  test("comes by itself when the key is old, once", async () => {
    clock.advance(limits.keyAgeDaysMax * day);
    expect(await rotateIfOld(ports, store)).toBe(false);
    clock.advance(1);
    const done = await Promise.all([1, 2, 3].map(() => rotateIfOld(besideOthers(), store)));
    expect(done.filter(Boolean)).toHaveLength(1);
    expect((await stored()).signing).toHaveLength(2);
    expect(await rotateIfOld(ports, store)).toBe(false);
  });

  test("does nothing when another process does not let it", async () => {
    const before = await stored();
    await die(rotateSigningKey);
    const still = { ...ports, pause: async () => {} };
    await expect(rotateSigningKey(still, store)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await stored()).toEqual(before);
  });

  test("is refused when there is no room for another key", async () => {
    const adding = async () => {
      for (let count = 0; count < 1_000; count++) await addHashKey(ports, store);
    };
    await expect(adding()).rejects.toThrow(/drop old ones first/);
    expect(Buffer.byteLength((await store.read()) ?? "")).toBeLessThanOrEqual(limits.keyTextBytesMax);
    await dropOldHashKeys(ports, store);
    await rotateSigningKey(ports, store);
  });

  test("needs keys to be there", async () => {
    const empty = new MemoryKeyStore();
    await expect(rotateSigningKey(ports, empty)).rejects.toThrow("the key store holds no keys");
    expect(await rotateIfOld(ports, empty)).toBe(false);
  });
});

test("an emergency drops all signing keys and uses the new one at once; passwords stay", async () => {
  await ensureKeys(ports, store);
  await rotateSigningKey(ports, store);
  const before = await stored();
  await replaceSigningKeys(ports, store);
  const after = await stored();
  expect(after.signing).toHaveLength(1);
  expect(before.signing.map(({ kid }) => kid)).not.toContain(after.signing[0]?.kid);
  expect((await new StoredKeyRing(store, clock).signingKey()).kid).toBe(after.signing[0]?.kid);
  expect(after.hashing).toEqual(before.hashing);
});

test("a new hash key is for new passwords, and the old ones stay until they are dropped", async () => {
  await ensureKeys(ports, store);
  const [first] = (await stored()).hashing;
  await addHashKey(ports, store);
  const ring = new StoredKeyRing(store, clock);
  expect((await ring.hashKey()).id).not.toBe(first?.id);
  expect((await ring.hashKeyNamed(first?.id ?? ""))?.id).toBe(first?.id);
  await dropOldHashKeys(ports, store);
  const { hashing } = await stored();
  expect(hashing).toHaveLength(1);
  expect(hashing[0]?.id).not.toBe(first?.id);
  await dropOldHashKeys(ports, store);
  expect((await stored()).hashing).toEqual(hashing);
});
