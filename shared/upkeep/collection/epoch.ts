import type { EpochDocument } from "../../catalog/collection-documents.ts";
import { readAs } from "../../catalog/commit.ts";
import { schema } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import type { Ports } from "../../ports/ports.ts";

/**
 * Whether collection may work now. When another region has begun to take writes, or documents were restored to another account,
 * what was acknowledged in the last moments of the one before may be missing: a new epoch begins, and until it has been quiet for a while nothing is taken.
 * @returns until when it rests, in ms since 1970; undefined: it may work
 */
export async function restsUntil(ports: Ports): Promise<number | undefined> {
  const writeRegion = await ports.documents.writeRegion();
  const stored = await readAs<EpochDocument>(ports.documents, partitions.operations, ids.epoch, "epoch");
  const now = ports.clock.now();
  if (stored?.document.writeRegion === writeRegion) {
    return stored.document.quietUntil > now ? stored.document.quietUntil : undefined;
  }
  const document: EpochDocument = {
    id: ids.epoch,
    kind: "epoch",
    schema,
    writer: ports.ids.nonce(),
    epoch: (stored?.document.epoch ?? 0) + 1,
    writeRegion,
    // Nothing came before the first epoch that could be missing.
    quietUntil: stored === undefined ? now : now + ports.graces.quietSeconds * 1000,
  };
  const outcome = await ports.documents.commit(partitions.operations, [
    stored === undefined ? { op: "create", document } : { op: "replace", document, etag: stored.etag },
  ]);
  // Whoever was faster has set the time; the next run finds it.
  return stored === undefined && outcome === "committed" ? undefined : document.quietUntil;
}
