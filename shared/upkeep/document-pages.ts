import { endOfPrefix } from "../catalog/keys.ts";
import { limits } from "../domain/limits.ts";
import type { Document, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";

/** Pages of documents that a run has read; it ends soon after it has read as many as it may. */
export interface Budget {
  pages: number;
}

/** All documents of a partition whose ids begin with `prefix`, which may be empty, in their order, one range read after the other. */
export async function* documentsFrom<D extends Document>(
  ports: Pick<Ports, "documents">,
  partition: string,
  prefix: string,
  budget: Budget,
): AsyncGenerator<Stored<D>, void, undefined> {
  const range = prefix === "" ? {} : { before: endOfPrefix(prefix) };
  for (let after = prefix, more = true; more; ) {
    budget.pages -= 1;
    const page = await ports.documents.list(partition, {
      by: "id",
      ...(after === "" ? {} : { after }),
      ...range,
      limit: limits.pageItemsMax,
      fresh: true,
    });
    yield* page.documents as readonly Stored<D>[];
    after = page.documents.at(-1)?.document.id ?? after;
    more = page.more;
  }
}
