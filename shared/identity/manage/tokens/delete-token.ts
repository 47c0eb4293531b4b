import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { TokenDocument } from "../../documents.ts";
import { revocationKeys } from "../../principal.ts";
import { deleteAccess } from "../delete-access.ts";

/** @throws RegistryError NAME_UNKNOWN */
export async function deleteToken(ports: Ports, rid: string, name: string): Promise<void> {
  await deleteAccess<TokenDocument>(ports, rid, {
    id: ids.token(name),
    kind: "token",
    what: `token ${name}`,
    revokes: [revocationKeys.token(name)],
  });
}
