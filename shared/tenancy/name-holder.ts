import { readRegistry, readRegistryName, reservationOf } from "../catalog/registries.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import type { RegistryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/** Who has a registry's name: a registry, or a resource group whose registry had it until lately. */
export type NameHolder =
  | { readonly kind: "registry"; readonly registry: RegistryDocument }
  | { readonly kind: "group"; readonly group: string; readonly until: number };

/** Undefined: nobody. Two reads. */
export async function readNameHolder(ports: Ports, name: RegistryName): Promise<NameHolder | undefined> {
  const named = await readRegistryName(ports, name);
  if (named === undefined) return undefined;
  const registry = (await readRegistry(ports, named.document.rid))?.document;
  if (registry?.state === "live") return { kind: "registry", registry };
  const reserved = reservationOf(ports, registry);
  return reserved === undefined ? undefined : { kind: "group", ...reserved };
}
