import type { Ports } from "../../../ports/ports.ts";
import type { TokenDocument } from "../../documents.ts";
import { revocationKeys } from "../../principal.ts";
import { changeAccess } from "../change-access.ts";
import { resolveScopeMap } from "../scope-maps/find-scope-map.ts";
import { findToken } from "./find-token.ts";

export interface TokenUpdate {
  readonly scopeMap?: string;
  readonly status?: TokenDocument["status"];
}

/** What is not told stays. @throws RegistryError NAME_UNKNOWN, or of status 400 when there is no such scope map */
export async function updateToken(
  ports: Ports,
  rid: string,
  name: string,
  update: TokenUpdate,
): Promise<TokenDocument> {
  return await changeAccess(ports, rid, async (attempt) => {
    const { document: before, etag } = await findToken(attempt, name);
    const scopeMap =
      update.scopeMap === undefined ? before.scopeMap : await resolveScopeMap(attempt, update.scopeMap);
    const status = update.status ?? before.status;
    if (scopeMap === before.scopeMap && status === before.status) return { operations: [], result: before };
    const document: TokenDocument = { ...before, scopeMap, status, writer: attempt.writer };
    return {
      operations: [{ op: "replace", document, etag }],
      revokes: [revocationKeys.token(before.name)],
      result: document,
    };
  });
}
