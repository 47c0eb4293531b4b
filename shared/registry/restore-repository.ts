import { untilSettled } from "../catalog/commit.ts";
import {
  findKeptGeneration,
  giveUpGenerations,
  leaveGeneration,
  restoreGeneration,
} from "../catalog/generations.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { RegistryError } from "../domain/errors.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * Brings a deleted repository back as it was when it was last deleted.
 * @param force when the repository has been made anew, deletes that; what is deleted so can be restored in turn
 * @throws RegistryError NAME_UNKNOWN when it cannot be restored, DENIED when it has been made anew
 */
export async function restoreRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  force: boolean,
): Promise<void> {
  const kept = await findKeptGeneration(ports, registry, name);
  const outcome =
    kept === undefined
      ? "absent"
      : await untilSettled(async () => {
          const restored = await restoreGeneration(ports, registry, name, kept.generation);
          if (restored !== "occupied" || !force) return restored;
          await leaveGeneration(ports, registry, name);
          return undefined;
        });
  if (outcome === "absent") throw new RegistryError("NAME_UNKNOWN", { detail: { name } });
  if (outcome === "occupied") {
    throw new RegistryError("DENIED", {
      status: 409,
      message: "a repository of that name exists; restore with force to delete it",
      detail: { name },
    });
  }
}

/**
 * Gives up what could be restored of a deleted repository, so that its space is reclaimed.
 * @throws RegistryError NAME_UNKNOWN when there is nothing
 */
export async function purgeRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<void> {
  if (!(await giveUpGenerations(ports, registry, name))) {
    throw new RegistryError("NAME_UNKNOWN", { detail: { name } });
  }
}
