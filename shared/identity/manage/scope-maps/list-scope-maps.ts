import { ids } from "../../../catalog/keys.ts";
import { systemScopeMaps } from "../../../domain/access/scope-map.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { ScopeMapDocument } from "../../documents.ts";
import { listAccess, readAccess } from "../read-access.ts";

export interface ScopeMap extends Pick<ScopeMapDocument, "name" | "description" | "actions"> {
  /** Whether every registry has it, and nobody can change it. */
  readonly system: boolean;
  /** ms since 1970; absent: always. */
  readonly createdAt?: number;
  readonly updatedAt?: number;
}

const systemMaps: readonly ScopeMap[] = Object.entries(systemScopeMaps).map(([name, map]) => ({
  name,
  ...map,
  system: true,
}));

/** A page of the registry's scope maps and the system's, in the order of their names. @param after the name to start behind */
export async function listScopeMaps(
  ports: Pick<Ports, "documents">,
  rid: string,
  after: string | undefined,
  limit: number,
): Promise<{ scopeMaps: ScopeMap[]; more: boolean }> {
  const own = await listAccess<ScopeMapDocument>(ports, rid, ids.scopeMaps, after, limit);
  const keyOf = ({ name }: ScopeMap) => name.toLowerCase();
  const system = systemMaps.filter((map) => after === undefined || keyOf(map) > after.toLowerCase());
  const both = [...own.documents.map(scopeMapOf), ...system].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return { scopeMaps: both.slice(0, limit), more: own.more || both.length > limit };
}

/** @throws RegistryError NAME_UNKNOWN */
export async function showScopeMap(
  ports: Pick<Ports, "documents">,
  rid: string,
  name: string,
): Promise<ScopeMap> {
  const system = systemMaps.find((map) => map.name === name.toLowerCase());
  if (system !== undefined) return system;
  const id = ids.scopeMap(name);
  return scopeMapOf(await readAccess<ScopeMapDocument>(ports, rid, id, "scope-map", `scope map ${name}`));
}

export function scopeMapOf({ name, description, actions, createdAt, updatedAt }: ScopeMapDocument): ScopeMap {
  return {
    name,
    ...(description === undefined ? {} : { description }),
    actions,
    system: false,
    createdAt,
    updatedAt,
  };
}
