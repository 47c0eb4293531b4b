import { untilSettled } from "../catalog/commit.ts";
import { partitions } from "../catalog/keys.ts";
import { readRegistry } from "../catalog/registries.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * Deletes a registry for good, whatever is in it: from now on nobody finds it, and another may have its name. Processes that remember
 * it serve it for up to `registryCacheSeconds` more; when the last request is over, all that it had is purged.
 * @returns false when there was none, or somebody else has deleted it
 */
export async function deleteRegistry(ports: Ports, rid: string): Promise<boolean> {
  const writer = ports.ids.nonce();
  return await untilSettled(async () => {
    const stored = await readRegistry(ports, rid);
    if (stored?.document.state !== "live") return stored?.document.writer === writer;
    const document: RegistryDocument = {
      ...stored.document,
      state: "deleting",
      deletedAt: ports.clock.now(),
      writer,
    };
    const outcome = await ports.documents.commit(partitions.registry(rid), [
      { op: "replace", document, etag: stored.etag },
    ]);
    return outcome === "committed" ? true : undefined;
  });
}
