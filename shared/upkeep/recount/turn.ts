import { readAs } from "../../catalog/commit.ts";
import { schema } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import { listRegistries } from "../../catalog/registries.ts";
import { limits } from "../../domain/limits.ts";
import type { Document } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";

/** Behind which registry the next run of recounts begins: those that come first would always be due again before the last ones are. */
interface RecountTurnDocument extends Document {
  readonly kind: "recount-turn";
  /** A registry's id. */
  readonly after: string;
}

/** The ids of all registries once each, those behind the one that was counted last before the others. */
export async function* registriesInTurn(ports: Ports): AsyncGenerator<string, void, undefined> {
  const turn = await readAs<RecountTurnDocument>(
    ports.documents,
    partitions.operations,
    ids.recountTurn,
    "recount-turn",
  );
  const first = turn?.document.after;
  yield* registriesBetween(ports, first, undefined);
  if (first !== undefined) yield* registriesBetween(ports, undefined, first);
}

/** @param last the id that is the last one, if it is there */
async function* registriesBetween(
  ports: Ports,
  after: string | undefined,
  last: string | undefined,
): AsyncGenerator<string, void, undefined> {
  for (let at = after, more = true; more; ) {
    const page = await listRegistries(ports, at, limits.pageItemsMax);
    for (const { rid } of page.registries) {
      if (last !== undefined && rid > last) return;
      yield rid;
    }
    at = page.registries.at(-1)?.rid;
    more = page.more;
  }
}

/** The next run begins behind this registry. A loss of this harms nobody. */
export async function endTurn(ports: Ports, after: string): Promise<void> {
  const document: RecountTurnDocument = {
    id: ids.recountTurn,
    kind: "recount-turn",
    schema,
    writer: ports.ids.nonce(),
    after,
  };
  await ports.documents.commit(partitions.operations, [{ op: "upsert", document }]);
}
