import { listRepositories } from "../../catalog/catalog-entries.ts";
import { readAs } from "../../catalog/commit.ts";
import { schema } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { findRepository } from "../../catalog/repositories.ts";
import { limits } from "../../domain/limits.ts";
import type { Document, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { allShards } from "../recount/recount-parts.ts";
import { type DeepSweep, sweepEdges, sweepShard } from "./deep-sweep.ts";

/** How far the look at everything in a registry is: first its repositories, then its shards. */
interface DeepSweepDocument extends Document {
  readonly kind: "deep-sweep";
  readonly startedAt: number;
  readonly stage: "repositories" | "shards" | "over";
  /** The name, or the number of the shard, behind which it goes on. */
  readonly after?: string;
}

/**
 * Goes on with the look at everything, or begins the next when it is time.
 * @returns whether there is more to do now
 */
export async function stepDeeper(
  ports: Ports,
  registry: RegistryDocument,
  found: DeepSweep,
): Promise<boolean> {
  const id = ids.deepSweep(registry.rid);
  const stored = await readAs<DeepSweepDocument>(ports.documents, partitions.operations, id, "deep-sweep");
  const now = ports.clock.now();
  const fresh = { startedAt: now, stage: "repositories" as const };
  // A registry that is new has nothing old.
  if (stored === undefined) return await move(ports, id, undefined, { ...fresh, stage: "over" });
  const { startedAt, stage, after } = stored.document;
  if (stage === "over") {
    if (now < startedAt + ports.graces.deepSweepSeconds * 1000) return false;
    return await move(ports, id, stored, fresh);
  }
  if (stage === "repositories") {
    const page = await listRepositories(ports, registry, after, limits.deepSweepRepositoriesMax, {
      which: "all",
    });
    for (const name of page.names) {
      const repository = await findRepository(ports, registry, name);
      if (repository !== undefined) await sweepEdges(ports, registry, name, repository.generation, found);
    }
    const last = page.names.at(-1);
    const rest = page.more && last !== undefined ? { stage, after: last } : { stage: "shards" as const };
    return await move(ports, id, stored, { startedAt, ...rest });
  }
  const first = after === undefined ? 0 : Number(after) + 1;
  const some = allShards.slice(first, first + limits.deepSweepShardsMax);
  for (const shard of some) await sweepShard(ports, registry, shard, found);
  const last = first + some.length - 1;
  const rest = last < allShards.length - 1 ? { stage, after: String(last) } : { stage: "over" as const };
  return await move(ports, id, stored, { startedAt, ...rest });
}

/** @returns whether the stage that it moved to has work */
async function move(
  ports: Ports,
  id: string,
  from: Stored<DeepSweepDocument> | undefined,
  to: Pick<DeepSweepDocument, "startedAt" | "stage" | "after">,
): Promise<boolean> {
  const document: DeepSweepDocument = { id, kind: "deep-sweep", schema, writer: ports.ids.nonce(), ...to };
  await ports.documents.commit(partitions.operations, [
    from === undefined ? { op: "create", document } : { op: "replace", document, etag: from.etag },
  ]);
  return to.stage !== "over";
}
