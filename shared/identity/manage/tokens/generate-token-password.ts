import type { Ports } from "../../../ports/ports.ts";
import type { PasswordName, TokenDocument } from "../../documents.ts";
import type { KeyRing } from "../../key-ring.ts";
import { newPassword } from "../../passwords.ts";
import { revocationKeys } from "../../principal.ts";
import { changeAccess } from "../change-access.ts";
import { checkExpiry, renewPassword } from "../renew-password.ts";
import { findToken } from "./find-token.ts";

/**
 * Makes one of the token's passwords anew; the one that it had before is worthless. The other stays.
 * @param expiresAt ms since 1970; undefined: never
 * @returns the token, and the password, which nobody is told again
 * @throws RegistryError NAME_UNKNOWN, or of status 400 for an expiry in the past
 */
export async function generateTokenPassword(
  ports: Ports,
  keys: KeyRing,
  rid: string,
  name: string,
  slot: PasswordName,
  expiresAt?: number,
): Promise<{ token: TokenDocument; password: string }> {
  checkExpiry(ports, expiresAt);
  const password = newPassword();
  const token = await changeAccess(ports, rid, async (attempt) => {
    const { document: before, etag } = await findToken(attempt, name);
    const made = await renewPassword(ports, keys, password, before.passwords[slot], expiresAt);
    const document: TokenDocument = {
      ...before,
      passwords: { ...before.passwords, [slot]: made },
      writer: attempt.writer,
    };
    return {
      operations: [{ op: "replace", document, etag }],
      ...(before.passwords[slot] === undefined ? {} : { revokes: [revocationKeys.token(before.name)] }),
      result: document,
    };
  });
  return { token, password };
}
