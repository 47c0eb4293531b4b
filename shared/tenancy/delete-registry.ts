import { replaceRegistry } from "../catalog/registries.ts";
import { limits } from "../domain/limits.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * Deletes a registry for good, whatever is in it: from now on nobody finds it. Processes that remember it serve it for up to
 * `registryCacheSeconds` more; when the last request is over, all that it had is purged.
 * @param reservedFor the resource group that alone can have its name for `registryNameReservedSeconds`: whoever took it would be sent
 * what others push and pull from habit. Absent: anybody can have it at once
 * @returns false when there was none, or somebody else has deleted it
 */
export async function deleteRegistry(ports: Ports, rid: string, reservedFor?: string): Promise<boolean> {
  const deleted = await replaceRegistry(ports, rid, (registry) => {
    const deletedAt = ports.clock.now();
    const until = deletedAt + limits.registryNameReservedSeconds * 1000;
    return {
      ...registry,
      state: "deleting",
      deletedAt,
      ...(reservedFor === undefined ? {} : { reserved: { group: reservedFor.toLowerCase(), until } }),
    };
  });
  return deleted !== undefined;
}
