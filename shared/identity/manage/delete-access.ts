import type { Document } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { changeAccess } from "./change-access.ts";
import { absent } from "./refusals.ts";

interface Deletion<D extends Document> {
  readonly id: string;
  readonly kind: D["kind"];
  /** As in `token build`. */
  readonly what: string;
  readonly revokes: readonly string[];
  /** Throws when it may not go. */
  readonly check?: (document: D) => Promise<void>;
}

/** Deletes what gives or takes rights. @throws RegistryError NAME_UNKNOWN, and what `check` throws */
export async function deleteAccess<D extends Document & { readonly createdAt: number }>(
  ports: Ports,
  rid: string,
  { id, kind, what, revokes, check }: Deletion<D>,
): Promise<void> {
  let target: number | undefined;
  await changeAccess(ports, rid, async ({ read, inDoubt }) => {
    const stored = await read<D>(id, kind);
    target ??= stored?.document.createdAt;
    // Gone by an attempt before this one; somebody may have made another of the name since.
    const gone = inDoubt && stored?.document.createdAt !== target;
    if (gone) return { operations: [], result: undefined };
    if (stored === undefined) throw absent(what);
    await check?.(stored.document);
    return { operations: [{ op: "delete", id, etag: stored.etag }], revokes, result: undefined };
  });
}
