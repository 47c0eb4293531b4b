import type { Ports } from "../../ports/ports.ts";
import type { StoredPassword } from "../documents.ts";
import type { KeyRing } from "../key-ring.ts";
import { storePassword } from "../passwords.ts";
import { invalid } from "./refusals.ts";

/** Passwords as their owner is told them, once. */
export type PlainPasswords = Readonly<Partial<Record<"password1" | "password2", string>>>;

/**
 * What is kept of a password that replaces another. Sessions know a password by when it was made, so no two are made at the same time.
 * @param expiresAt ms since 1970; undefined: never
 */
export async function renewPassword(
  { clock }: Pick<Ports, "clock">,
  keys: KeyRing,
  plain: string,
  before: StoredPassword | undefined,
  expiresAt?: number,
): Promise<StoredPassword> {
  const createdAt = Math.max(clock.now(), (before?.createdAt ?? 0) + 1);
  return await storePassword(keys, plain, createdAt, expiresAt);
}

/** @throws RegistryError of status 400 */
export function checkExpiry({ clock }: Pick<Ports, "clock">, expiresAt: number | undefined): void {
  if (expiresAt !== undefined && expiresAt <= clock.now()) {
    throw invalid(`a password cannot expire in the past, at ${new Date(expiresAt).toISOString()}`);
  }
}
