import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { TokenDocument } from "../../documents.ts";
import { listAccess, readAccess } from "../read-access.ts";

/** A page of the registry's tokens, in the order of their names. @param after the name to start behind */
export async function listTokens(
  ports: Pick<Ports, "documents">,
  rid: string,
  after: string | undefined,
  limit: number,
): Promise<{ tokens: TokenDocument[]; more: boolean }> {
  const { documents, more } = await listAccess<TokenDocument>(ports, rid, ids.tokens, after, limit);
  return { tokens: documents, more };
}

/** @throws RegistryError NAME_UNKNOWN */
export async function showToken(
  ports: Pick<Ports, "documents">,
  rid: string,
  name: string,
): Promise<TokenDocument> {
  return await readAccess<TokenDocument>(ports, rid, ids.token(name), "token", `token ${name}`);
}
