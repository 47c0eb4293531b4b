import { untilSettled } from "../catalog/commit.ts";
import { partitions } from "../catalog/keys.ts";
import { readRegistry } from "../catalog/registries.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
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
  const writer = ports.ids.nonce();
  return await untilSettled(async () => {
    const stored = await readRegistry(ports, rid);
    if (stored?.document.state !== "live") return stored?.document.writer === writer;
    const deletedAt = ports.clock.now();
    const until = deletedAt + limits.registryNameReservedSeconds * 1000;
    const document: RegistryDocument = {
      ...stored.document,
      state: "deleting",
      deletedAt,
      ...(reservedFor === undefined ? {} : { reserved: { group: reservedFor.toLowerCase(), until } }),
      writer,
    };
    const outcome = await ports.documents.commit(partitions.registry(rid), [
      { op: "replace", document, etag: stored.etag },
    ]);
    return outcome === "committed" ? true : undefined;
  });
}
