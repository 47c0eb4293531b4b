import { readAs } from "../../catalog/commit.ts";
import { endOfPrefix, partitions } from "../../catalog/keys.ts";
import type { Document } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { absent } from "./refusals.ts";

/** @param what as in `token build` @throws RegistryError NAME_UNKNOWN */
export async function readAccess<D extends Document>(
  ports: Pick<Ports, "documents">,
  rid: string,
  id: string,
  kind: D["kind"],
  what: string,
): Promise<D> {
  const stored = await readAs<D>(ports.documents, partitions.registry(rid), id, kind);
  if (stored === undefined) throw absent(what);
  return stored.document;
}

/**
 * A page of the documents whose ids start with `prefix`, in the order of their names. One range read.
 * @param after the name to start behind
 */
export async function listAccess<D extends Document>(
  ports: Pick<Ports, "documents">,
  rid: string,
  prefix: string,
  after: string | undefined,
  limit: number,
): Promise<{ documents: D[]; more: boolean }> {
  const page = await ports.documents.list(partitions.registry(rid), {
    by: "id",
    after: `${prefix}${after?.toLowerCase() ?? ""}`,
    before: endOfPrefix(prefix),
    limit,
    fresh: true,
  });
  return { documents: page.documents.map(({ document }) => document as D), more: page.more };
}
