import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { StoredPassword } from "./documents.ts";
import type { HashKey, KeyRing } from "./key-ring.ts";

/** With 256 bits there is nothing to guess, so one round of a keyed hash is as good as many. */
const passwordBytes = 32;
/** Tells scanners for leaked secrets what they have found. */
const prefix = "portolan_";

export function newPassword(): string {
  return `${prefix}${randomBytes(passwordBytes).toString("base64url")}`;
}

/** What is kept of a password. @param expiresAt ms since 1970; undefined: never */
export async function storePassword(
  keys: KeyRing,
  password: string,
  createdAt: number,
  expiresAt?: number,
): Promise<StoredPassword> {
  const key = await keys.hashKey();
  return {
    hash: hashOf(key, password).toString("base64url"),
    hashKey: key.id,
    createdAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/**
 * Whether it is that password, and has not expired. Takes as long for any wrong one.
 * @param stored undefined: there is none
 */
export async function isPassword(
  keys: KeyRing,
  stored: StoredPassword | undefined,
  password: string,
  now: number,
): Promise<boolean> {
  // Where there is none, no key is looked for that nobody has: the key store would be asked for it.
  const named = stored === undefined ? undefined : await keys.hashKeyNamed(stored.hashKey);
  // Under a key that is gone nothing fits, but it takes as long.
  const given = hashOf(named ?? (await keys.hashKey()), password);
  const expected = Buffer.from(stored?.hash ?? "", "base64url");
  const same = expected.length === given.length && timingSafeEqual(expected, given);
  return same && (stored?.expiresAt === undefined || now < stored.expiresAt);
}

function hashOf({ secret }: HashKey, password: string): Buffer {
  return createHmac("sha256", secret).update(password).digest();
}
