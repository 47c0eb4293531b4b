import { ids } from "../../../catalog/keys.ts";
import { systemScopeMaps } from "../../../domain/access/scope-map.ts";
import type { Stored } from "../../../ports/document-store.ts";
import type { ScopeMapDocument } from "../../documents.ts";
import type { Attempt } from "../change-access.ts";
import { absent, invalid } from "../refusals.ts";

/** The name of the scope map that this means, as it is spelled. @throws RegistryError of status 400 when there is none */
export async function resolveScopeMap(attempt: Attempt, name: string): Promise<string> {
  const found = isSystemScopeMap(name)
    ? name.toLowerCase()
    : (await attempt.read<ScopeMapDocument>(ids.scopeMap(name), "scope-map"))?.document.name;
  if (found === undefined) throw invalid(`there is no scope map ${JSON.stringify(name.slice(0, 100))}`);
  return found;
}

/** The scope map to be changed. @throws RegistryError NAME_UNKNOWN, or of status 400 when it cannot be changed */
export async function findOwnScopeMap(attempt: Attempt, name: string): Promise<Stored<ScopeMapDocument>> {
  refuseSystemScopeMap(name);
  const stored = await attempt.read<ScopeMapDocument>(ids.scopeMap(name), "scope-map");
  if (stored === undefined) throw absent(`scope map ${name}`);
  return stored;
}

/** @throws RegistryError of status 400 */
export function refuseSystemScopeMap(name: string): void {
  if (isSystemScopeMap(name))
    throw invalid(`${name} is a system scope map, which nobody can change or delete`);
}

function isSystemScopeMap(name: string): boolean {
  return Object.hasOwn(systemScopeMaps, name.toLowerCase());
}
