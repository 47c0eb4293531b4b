import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import type { HashKey, SigningKey } from "./key-ring.ts";

/** The keys of a deployment, as the key store has them: one JSON text. Times are ms since 1970. */
export interface KeyDocument {
  readonly version: 1;
  /** At least one. */
  readonly signing: readonly StoredSigningKey[];
  /** At least one; the last is the one for new passwords. */
  readonly hashing: readonly StoredHashKey[];
}

/** Known to all from `createdAt` on; signs from `activeFrom` until that of the next. */
export interface StoredSigningKey {
  readonly kid: string;
  readonly createdAt: number;
  readonly activeFrom: number;
  readonly privateJwk: PrivateJwk;
}

/** A P-256 key. @see https://www.rfc-editor.org/rfc/rfc7518#section-6.2 */
interface PrivateJwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
  readonly d: string;
}

export interface StoredHashKey {
  readonly id: string;
  readonly createdAt: number;
  /** 32 bytes in base64url. */
  readonly secret: string;
}

/** A signing key, ready for use. */
export interface OpenedSigningKey extends SigningKey {
  readonly activeFrom: number;
  readonly publicKey: KeyObject;
  readonly publicJwk: Readonly<Record<string, unknown>>;
}

const secretBytes = 32;
const hashKeyIdBytes = 12;

export async function newSigningKey(createdAt: number, activeFrom: number): Promise<StoredSigningKey> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "", d = "" } = privateKey.export({ format: "jwk" });
  const privateJwk: PrivateJwk = { kty: "EC", crv: "P-256", x, y, d };
  const kid = await calculateJwkThumbprint({ kty: "EC", crv: "P-256", x, y });
  return { kid, createdAt, activeFrom, privateJwk };
}

export function newHashKey(createdAt: number): StoredHashKey {
  return {
    id: randomBytes(hashKeyIdBytes).toString("base64url"),
    createdAt,
    secret: randomBytes(secretBytes).toString("base64url"),
  };
}

/** @throws Error of one line, which repeats nothing of the text */
export function parseKeys(text: string): KeyDocument {
  const { version, signing, hashing, ...rest } = asObject(parsed(text), "the whole");
  if (version !== 1) throw malformed("version is not 1");
  demandNoMore(rest, "the whole");
  const document: KeyDocument = {
    version,
    signing: asList(signing, "signing").map(asSigningKey),
    hashing: asList(hashing, "hashing").map(asHashKey),
  };
  demandUnique(document.signing.map(({ kid }) => kid));
  demandUnique(document.hashing.map(({ id }) => id));
  return document;
}

/** @throws Error of one line when it is no key, or its public part belongs to another */
export function openSigningKey({ kid, activeFrom, privateJwk }: StoredSigningKey): OpenedSigningKey {
  try {
    const privateKey = createPrivateKey({ key: { ...privateJwk }, format: "jwk" });
    const { d: _, ...publicPart } = privateJwk;
    const publicKey = createPublicKey({ key: publicPart, format: "jwk" });
    const probe = Buffer.from(kid);
    if (!verify("sha256", probe, publicKey, sign("sha256", probe, privateKey))) throw malformed("");
    return {
      kid,
      activeFrom,
      privateKey,
      publicKey,
      publicJwk: { ...publicPart, kid, use: "sig", alg: "ES256" },
    };
  } catch {
    throw malformed(`the signing key ${kid} is no P-256 key`);
  }
}

export function openHashKey({ id, secret }: StoredHashKey): HashKey {
  return { id, secret: Buffer.from(secret, "base64url") };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("it is not JSON");
  }
}

function asSigningKey(value: unknown): StoredSigningKey {
  const { kid, createdAt, activeFrom, privateJwk, ...rest } = asObject(value, "a signing key");
  demandNoMore(rest, "a signing key");
  const { kty, crv, x, y, d, ...more } = asObject(privateJwk, "privateJwk");
  demandNoMore(more, "privateJwk");
  if (kty !== "EC" || crv !== "P-256") throw malformed("a signing key is not of the curve P-256");
  return {
    kid: asName(kid, "kid"),
    createdAt: asTime(createdAt, "createdAt"),
    activeFrom: asTime(activeFrom, "activeFrom"),
    privateJwk: { kty, crv, x: asBytes(x, "x"), y: asBytes(y, "y"), d: asBytes(d, "d") },
  };
}

function asHashKey(value: unknown): StoredHashKey {
  const { id, createdAt, secret, ...rest } = asObject(value, "a hash key");
  demandNoMore(rest, "a hash key");
  return {
    id: asName(id, "id"),
    createdAt: asTime(createdAt, "createdAt"),
    secret: asBytes(secret, "secret"),
  };
}

function asObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw malformed(`${what} is no object`);
}

function asList(value: unknown, what: string): unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw malformed(`${what} is no list of keys`);
}

function asTime(value: unknown, what: string): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw malformed(`${what} is not ms since 1970`);
}

function asName(value: unknown, what: string): string {
  if (typeof value === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(value)) return value;
  throw malformed(`${what} is not 1 to 64 letters, digits, - and _`);
}

/** 32 bytes, as 43 characters. */
function asBytes(value: unknown, what: string): string {
  if (typeof value === "string" && /^[A-Za-z0-9_-]{43}$/.test(value)) return value;
  throw malformed(`${what} is not 32 bytes in base64url`);
}

function demandNoMore(rest: Record<string, unknown>, what: string): void {
  // Dropping what a newer version wrote would lose it at the next rotation.
  if (Object.keys(rest).length > 0) throw malformed(`${what} has more fields than are known`);
}

function demandUnique(names: readonly string[]): void {
  if (new Set(names).size < names.length) throw malformed("two keys have the same name");
}

function malformed(why: string): Error {
  return new Error(`the keys in the key store cannot be read: ${why}`);
}
