import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import {
  addHashKey,
  ensureKeys,
  replaceLostKeys,
  replaceSigningKeys,
  rotateSigningKey,
} from "../../../shared/identity/rotate-keys.ts";
import { StoredKeyRing } from "../../../shared/identity/stored-key-ring.ts";
import { MemoryKeyStore } from "../../../shared/memory/key-store.ts";
import type { ManualClock } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const second = 1_000;
const refresh = limits.keyRefreshSeconds * second;
const stale = limits.keyStaleSecondsMax * second;
const reread = limits.keyRereadSeconds * second;

let ports: Ports;
let clock: ManualClock;
let store: MemoryKeyStore;
let failures: unknown[];
let ring: StoredKeyRing;

beforeEach(async () => {
  ({ ports, clock } = openMemoryPorts());
  store = new MemoryKeyStore();
  await ensureKeys(ports, store);
  failures = [];
  ring = new StoredKeyRing(store, clock, (error) => failures.push(error));
  store.reads = 0;
});

/** Lets what goes on behind the answers come to its end. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function isPair(privateKey: KeyObject, publicKey: KeyObject | undefined): boolean {
  const probe = Buffer.from("probe");
  return publicKey !== undefined && verify("sha256", probe, publicKey, sign("sha256", probe, privateKey));
}

test("what it signs with, it verifies with, and publishes without what is private", async () => {
  const { kid, privateKey } = await ring.signingKey();
  expect(isPair(privateKey, await ring.verifyingKey(kid))).toBe(true);
  const { keys } = await ring.publicKeys();
  expect(keys).toHaveLength(1);
  expect(Object.keys(keys[0] ?? {}).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  expect(keys[0]).toMatchObject({ kid, alg: "ES256", use: "sig", kty: "EC", crv: "P-256" });
  expect(isPair(privateKey, createPublicKey({ key: { ...keys[0] }, format: "jwk" }))).toBe(true);
});

test("what is remembered is answered at once, and read once by all who come first", async () => {
  const answers = [ring.signingKey(), ring.hashKey(), ring.verifyingKey("x"), ring.publicKeys()];
  for (const answer of answers) expect(answer).toBeInstanceOf(Promise);
  await Promise.all(answers);
  expect(store.reads).toBe(1);
  const signing = ring.signingKey();
  const hashing = ring.hashKey();
  if (signing instanceof Promise || hashing instanceof Promise) throw new Error("it waits for the store");
  expect(ring.verifyingKey(signing.kid)).not.toBeInstanceOf(Promise);
  expect(ring.hashKeyNamed(hashing.id)).toBe(hashing);
  expect(store.reads).toBe(1);
});

test("it reads anew behind its answers", async () => {
  const first = await ring.signingKey();
  await replaceSigningKeys(ports, store);
  clock.advance(refresh - 1);
  expect(ring.signingKey()).toBe(first);
  store.reads = 0;
  clock.advance(1);
  expect(ring.signingKey()).toBe(first);
  expect(ring.signingKey()).toBe(first);
  expect(store.reads).toBe(1);
  await settled();
  const second = ring.signingKey();
  expect(second).not.toBeInstanceOf(Promise);
  expect(second).not.toBe(first);
  expect(await ring.verifyingKey(first.kid)).toBeUndefined();
});

test("a process that was stopped for long reads before it answers", async () => {
  const first = await ring.signingKey();
  await replaceSigningKeys(ports, store);
  clock.advance(stale + 1);
  const answer = ring.signingKey();
  expect(answer).toBeInstanceOf(Promise);
  expect(await answer).not.toBe(first);
});

test("it serves on while the store is away, asks now and then, and tells of it", async () => {
  const first = await ring.signingKey();
  store.away = true;
  store.reads = 0;
  clock.advance(stale * 10);
  expect(await ring.signingKey()).toBe(first);
  for (let tries = 0; tries < 50; tries++) {
    expect(ring.signingKey()).toBe(first);
    expect(ring.verifyingKey(first.kid)).not.toBeInstanceOf(Promise);
    await settled();
    clock.advance(reread / 10);
  }
  expect(store.reads).toBe(5);
  expect(failures).toHaveLength(5);
  store.away = false;
  await replaceSigningKeys(ports, store);
  clock.advance(reread);
  expect(ring.signingKey()).toBe(first);
  await settled();
  expect(ring.signingKey()).not.toBe(first);
});

test("it serves on while the store holds what cannot be read", async () => {
  const first = await ring.signingKey();
  await store.write("{}");
  clock.advance(refresh);
  await ring.signingKey();
  await settled();
  expect(ring.signingKey()).toBe(first);
  expect(String(failures[0])).toMatch(/version is not 1/);
});

test("a key that it does not know yet is looked for at once", async () => {
  await ring.signingKey();
  await rotateSigningKey(ports, store);
  const other = new StoredKeyRing(store, clock);
  const kids = (await other.publicKeys()).keys.map(({ kid }) => String(kid));
  clock.advance(reread);
  for (const kid of kids) expect(await ring.verifyingKey(kid)).toBeDefined();
  await addHashKey(ports, store);
  clock.advance(refresh);
  const { id } = await new StoredKeyRing(store, clock).hashKey();
  expect((await ring.hashKeyNamed(id))?.id).toBe(id);
});

test("names of keys that nobody has cause one read in a while", async () => {
  await ring.signingKey();
  store.reads = 0;
  clock.advance(reread);
  const tries = Array.from({ length: 100 }, (_, index) => ring.verifyingKey(`none-${index}`));
  expect(await Promise.all(tries)).toEqual(tries.map(() => undefined));
  expect(store.reads).toBe(1);
  for (let index = 0; index < 100; index++) {
    expect(await ring.verifyingKey(`other-${index}`)).toBeUndefined();
    expect(await ring.hashKeyNamed(`other-${index}`)).toBeUndefined();
  }
  expect(store.reads).toBe(1);
  clock.advance(reread);
  await ring.verifyingKey("another");
  expect(store.reads).toBe(2);
});

test("a key that cannot be looked for is not said to be unknown", async () => {
  await ring.signingKey();
  store.away = true;
  clock.advance(reread);
  await expect(ring.verifyingKey("new")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(ring.verifyingKey("new")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  store.away = false;
  clock.advance(reread);
  expect(await ring.verifyingKey("new")).toBeUndefined();
  expect(ring.verifyingKey("new")).toBeUndefined();
});

test("without keys it says so, and finds them as soon as there are some", async () => {
  const empty = new MemoryKeyStore();
  const waiting = new StoredKeyRing(empty, clock);
  await expect(waiting.signingKey()).rejects.toThrow("the key store holds no keys");
  await replaceLostKeys(ports, empty);
  expect((await waiting.signingKey()).kid).toMatch(/^[\w-]{43}$/);
});
