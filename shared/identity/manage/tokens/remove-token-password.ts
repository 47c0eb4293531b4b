import type { Ports } from "../../../ports/ports.ts";
import type { PasswordName, TokenDocument } from "../../documents.ts";
import { revocationKeys } from "../../principal.ts";
import { changeAccess } from "../change-access.ts";
import { findToken } from "./find-token.ts";

/** Takes one of its passwords from a token, if it has that. @throws RegistryError NAME_UNKNOWN */
export async function removeTokenPassword(
  ports: Ports,
  rid: string,
  name: string,
  slot: PasswordName,
): Promise<TokenDocument> {
  return await changeAccess(ports, rid, async (attempt) => {
    const { document: before, etag } = await findToken(attempt, name);
    const { [slot]: removed, ...passwords } = before.passwords;
    if (removed === undefined) return { operations: [], result: before };
    const document: TokenDocument = { ...before, passwords, writer: attempt.writer };
    return {
      operations: [{ op: "replace", document, etag }],
      revokes: [revocationKeys.token(before.name)],
      result: document,
    };
  });
}
