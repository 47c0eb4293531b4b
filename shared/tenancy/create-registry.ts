import { untilSettled } from "../catalog/commit.ts";
import { makeRegistry, type RegistryAttributes } from "../catalog/registries.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import type { RegistryName } from "../domain/name.ts";
import { tierOf } from "../domain/tiers/table.ts";
import type { Document } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { demandFeatures } from "./demand-features.ts";
import { demandOffered } from "./demand-tier.ts";
import { type NameHolder, readNameHolder } from "./name-holder.ts";

/**
 * Makes a registry in a resource group, unless its name is somebody else's.
 * @param along other documents of its partition, which are there as soon as it is
 * @returns the registry, or who has the name
 * @throws RegistryError DENIED when its tier is not offered, or does not have what is switched on
 */
export async function createRegistry(
  ports: Ports,
  name: RegistryName,
  asked: RegistryAttributes & { readonly group: string },
  along: readonly Document[] = [],
): Promise<RegistryDocument | { readonly heldBy: NameHolder }> {
  demandOffered(ports.tiers, tierOf(asked));
  demandFeatures(ports.tiers, { ...asked, policies: { sparseManifests: false } }, asked.policies);
  const writer = ports.ids.nonce();
  return await untilSettled(async () => {
    const heldBy = await readNameHolder(ports, name);
    // Made by an attempt before this one.
    if (heldBy?.kind === "registry" && heldBy.registry.writer === writer) return heldBy.registry;
    if (heldBy?.kind === "registry" || (heldBy !== undefined && heldBy.group !== asked.group.toLowerCase()))
      return { heldBy };
    return await makeRegistry(ports, name, asked, writer, { along });
  });
}
