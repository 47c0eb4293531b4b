import { readAs, untilSettled } from "../../catalog/commit.ts";
import { partitions } from "../../catalog/keys.ts";
import { readRegistry } from "../../catalog/registries.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import type { Document, Operation, Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { withRevoked } from "../revoke.ts";
import { countAccess } from "./count-access.ts";
import { absent } from "./refusals.ts";

/** One attempt at a change of who may do what. */
export interface Attempt {
  readonly registry: RegistryDocument;
  /** Of all attempts at this change: a document that has it was written by one before. */
  readonly writer: string;
  /** Whether an attempt before this one may have been applied. */
  readonly inDoubt: boolean;
  read<D extends Document>(id: string, kind: D["kind"]): Promise<Stored<D> | undefined>;
}

export interface AccessChange<T> {
  /** None: all is as it should be. */
  readonly operations: readonly Operation[];
  /** What is made worthless by it, of `revocationKeys`. */
  readonly revokes?: readonly string[];
  readonly result: T;
}

/**
 * Changes who may do what in a registry, and revokes in the same commit what was granted before, so that neither is ever seen without
 * the other. Each such commit replaces the registry's document by the etag that it had before anything was read, so all of them
 * follow one another: what `plan` has read still holds when its change is made, and an attempt that lingers on its way to the
 * store is too late once another change was made.
 * @param plan called again when somebody else was faster, or the reply was lost
 * @throws RegistryError NAME_UNKNOWN when the registry is no more, DENIED when the tier allows no more of what is made, and what `plan` throws
 */
export async function changeAccess<T>(
  ports: Ports,
  rid: string,
  plan: (attempt: Attempt) => Promise<AccessChange<T>>,
): Promise<T> {
  const writer = ports.ids.nonce();
  const partition = partitions.registry(rid);
  let inDoubt = false;
  const settled = await untilSettled(async () => {
    const stored = await readRegistry(ports, rid);
    if (stored?.document.state !== "live") throw absent("such registry any more");
    const registry = stored.document;
    const { operations, revokes, result } = await plan({
      registry,
      writer,
      inDoubt,
      read: async (id, kind) => await readAs(ports.documents, partition, id, kind),
    });
    if (operations.length === 0) return { result };
    const auth = revokes === undefined ? {} : { auth: withRevoked(ports, registry.auth, revokes) };
    const accessCounts = await countAccess(ports, registry, operations);
    const document: RegistryDocument = { ...registry, ...auth, accessCounts, writer };
    const outcome = await ports.documents.commit(partition, [
      ...operations,
      { op: "replace", document, etag: stored.etag },
    ]);
    if (outcome === "unknown") inDoubt = true;
    return outcome === "committed" ? { result } : undefined;
  });
  return settled.result;
}
