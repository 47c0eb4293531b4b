import { readAs } from "../catalog/commit.ts";
import { schema } from "../catalog/documents.ts";
import { ids, partitions } from "../catalog/keys.ts";
import { listRegistries } from "../catalog/registries.ts";
import { limits } from "../domain/limits.ts";
import type { Document } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";

/** Bounded runs that look after one registry behind the other. */
type Job = "collection" | "recount" | "retention";

/** Behind which registry the next run begins: those that come first would always be due again before the last ones are. */
interface TurnDocument extends Document {
  readonly kind: "turn";
  /** A registry's id. */
  readonly after: string;
}

/** A registry whose turn it is. */
interface Turn {
  readonly rid: string;
  /** The next run of the job begins behind it. A loss of this harms nobody. */
  readonly end: () => Promise<void>;
}

/** All registries once each, those behind the one that had the last turn before the others. */
export async function* registriesInTurn(ports: Ports, job: Job): AsyncGenerator<Turn, void, undefined> {
  const { registries, more } = await listRegistries(ports, undefined, 2);
  if (registries.length <= 1 && !more) {
    // Who is alone needs no turns, nor a read and a commit for them.
    for (const { rid } of registries) yield { rid, end: async () => {} };
    return;
  }
  const turn = await readAs<TurnDocument>(ports.documents, partitions.operations, ids.turn(job), "turn");
  const first = turn?.document.after;
  const turnOf = (rid: string): Turn => ({ rid, end: async () => await endTurn(ports, job, rid) });
  for await (const rid of registriesBetween(ports, first, undefined)) yield turnOf(rid);
  if (first === undefined) return;
  for await (const rid of registriesBetween(ports, undefined, first)) yield turnOf(rid);
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

async function endTurn(ports: Ports, job: Job, after: string): Promise<void> {
  const document: TurnDocument = {
    id: ids.turn(job),
    kind: "turn",
    schema,
    writer: ports.ids.nonce(),
    after,
  };
  await ports.documents.commit(partitions.operations, [{ op: "upsert", document }]);
}
