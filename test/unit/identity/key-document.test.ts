import { expect, test } from "vitest";
import {
  newHashKey,
  newSigningKey,
  openSigningKey,
  parseKeys,
} from "../../../shared/identity/key-document.ts";

const at = Date.UTC(2026, 0, 1);
const signing = await newSigningKey(at, at);
const other = await newSigningKey(at, at);
const hashing = newHashKey(at);
const good = { version: 1, signing: [signing], hashing: [hashing] };
const { kid: _, ...nameless } = signing;

test("what was written is read", () => {
  expect(parseKeys(JSON.stringify(good))).toEqual(good);
  expect(openSigningKey(signing).kid).toBe(signing.kid);
});

test("two keys are never the same", () => {
  expect(signing.kid).not.toBe(other.kid);
  expect(signing.privateJwk.d).not.toBe(other.privateJwk.d);
  expect(newHashKey(at).secret).not.toBe(hashing.secret);
});

test.each<[string, unknown]>([
  ["is no object", null],
  ["is no object", []],
  ["is no object", "keys"],
  ["version is not 1", { ...good, version: 2 }],
  ["the whole has more fields", { ...good, more: true }],
  ["signing is no list", { ...good, signing: [] }],
  ["signing is no list", { ...good, signing: signing }],
  ["hashing is no list", { ...good, hashing: [] }],
  ["hashing is no list", { version: 1, signing: [signing] }],
  ["kid is not", { ...good, signing: [nameless] }],
  ["kid is not", { ...good, signing: [{ ...signing, kid: "a b" }] }],
  ["same name", { ...good, signing: [signing, { ...other, kid: signing.kid }] }],
  ["same name", { ...good, hashing: [hashing, hashing] }],
  ["activeFrom is not ms", { ...good, signing: [{ ...signing, activeFrom: "now" }] }],
  ["createdAt is not ms", { ...good, hashing: [{ ...hashing, createdAt: -1 }] }],
  ["a signing key has more fields", { ...good, signing: [{ ...signing, use: "sig" }] }],
  [
    "not of the curve",
    { ...good, signing: [{ ...signing, privateJwk: { ...signing.privateJwk, crv: "P-384" } }] },
  ],
  [
    "not of the curve",
    { ...good, signing: [{ ...signing, privateJwk: { ...signing.privateJwk, kty: "RSA" } }] },
  ],
  [
    "d is not 32 bytes",
    { ...good, signing: [{ ...signing, privateJwk: { ...signing.privateJwk, d: "AQAB" } }] },
  ],
  ["privateJwk is no object", { ...good, signing: [{ ...signing, privateJwk: "key" }] }],
  ["secret is not 32 bytes", { ...good, hashing: [{ ...hashing, secret: "short" }] }],
])("%s: refused in one line that holds no secret", (why, value) => {
  const read = () => parseKeys(JSON.stringify(value));
  expect(read).toThrow(why);
  expect(read).not.toThrow(/\n/);
  expect(read).not.toThrow(new RegExp(`${signing.privateJwk.d}|${hashing.secret}`));
});

test.each(["", "{", '{"version":1', "keys"])("%j is not JSON", (text) => {
  expect(() => parseKeys(text)).toThrow("the keys in the key store cannot be read: it is not JSON");
});

test("a key whose public part is another's, or no point of the curve, is refused", () => {
  const { x, y } = other.privateJwk;
  const mixed = { ...signing, privateJwk: { ...signing.privateJwk, x, y } };
  expect(() => openSigningKey(mixed)).toThrow(/is no P-256 key/);
  const nowhere = { ...signing, privateJwk: { ...signing.privateJwk, y: "A".repeat(43) } };
  expect(() => openSigningKey(nowhere)).toThrow(/is no P-256 key/);
});
