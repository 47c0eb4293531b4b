import { ids } from "../../../catalog/keys.ts";
import type { Stored } from "../../../ports/document-store.ts";
import type { TokenDocument } from "../../documents.ts";
import type { Attempt } from "../change-access.ts";
import { absent } from "../refusals.ts";

/** The token to be changed. @throws RegistryError NAME_UNKNOWN */
export async function findToken(attempt: Attempt, name: string): Promise<Stored<TokenDocument>> {
  const stored = await attempt.read<TokenDocument>(ids.token(name), "token");
  if (stored === undefined) throw absent(`token ${name}`);
  return stored;
}
