import { schema } from "../../../catalog/documents.ts";
import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { PasswordName, StoredPassword, TokenDocument } from "../../documents.ts";
import type { KeyRing } from "../../key-ring.ts";
import { newPassword } from "../../passwords.ts";
import { changeAccess } from "../change-access.ts";
import { checkTokenName } from "../names.ts";
import { inTheWay } from "../refusals.ts";
import { checkExpiry, type PlainPasswords, renewPassword } from "../renew-password.ts";
import { resolveScopeMap } from "../scope-maps/find-scope-map.ts";

export interface NewToken {
  readonly name: string;
  readonly scopeMap: string;
  /** Usually enabled. */
  readonly status?: TokenDocument["status"];
  /** Those to make; usually none, as in Azure Container Registry. */
  readonly passwords?: readonly PasswordName[];
  /** When they expire, in ms since 1970; absent: never. */
  readonly expiresAt?: number;
}

/**
 * @returns the token, and its passwords, which nobody is told again
 * @throws RegistryError of status 400 for what cannot be meant, 409 when there is one of that name, 403 when the tier allows no more
 */
export async function createToken(
  ports: Ports,
  keys: KeyRing,
  rid: string,
  asked: NewToken,
): Promise<{ token: TokenDocument; passwords: PlainPasswords }> {
  checkExpiry(ports, asked.expiresAt);
  const passwords: PlainPasswords = Object.fromEntries(
    (asked.passwords ?? []).map((name) => [name, newPassword()]),
  );
  const token = await changeAccess(ports, rid, async (attempt) => {
    checkTokenName(asked.name, attempt.registry.name);
    const id = ids.token(asked.name);
    const before = await attempt.read<TokenDocument>(id, "token");
    if (before?.document.writer === attempt.writer) return { operations: [], result: before.document };
    if (before !== undefined) throw inTheWay(`there is a token ${before.document.name} already`);
    const document: TokenDocument = {
      id,
      kind: "token",
      schema,
      writer: attempt.writer,
      name: asked.name,
      scopeMap: await resolveScopeMap(attempt, asked.scopeMap),
      status: asked.status ?? "enabled",
      passwords: await stored(ports, keys, passwords, asked.expiresAt),
      createdAt: ports.clock.now(),
    };
    return { operations: [{ op: "create", document }], result: document };
  });
  return { token, passwords };
}

async function stored(
  ports: Ports,
  keys: KeyRing,
  passwords: PlainPasswords,
  expiresAt: number | undefined,
): Promise<Partial<Record<PasswordName, StoredPassword>>> {
  const made = Object.entries(passwords).map(
    async ([name, plain]) => [name, await renewPassword(ports, keys, plain, undefined, expiresAt)] as const,
  );
  return Object.fromEntries(await Promise.all(made));
}
