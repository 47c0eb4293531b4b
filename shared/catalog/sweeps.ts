import type { RepositoryName } from "../domain/name.ts";
import type { Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { SweepDocument } from "./collection-documents.ts";
import { readAs, untilSettled } from "./commit.ts";
import { schema } from "./documents.ts";
import { ids, partitions, ranks } from "./keys.ts";

/** Seconds after which a sweep that has not ended is begun again. */
const sweepSecondsMax = 600;

/** Has the repository swept at `due` (ms since 1970), or earlier if that was asked for already. One read, and a commit if it is news. */
export async function askForSweep(
  ports: Ports,
  rid: string,
  repository: RepositoryName,
  due: number,
): Promise<void> {
  const partition = partitions.sweeps(rid);
  const id = ids.sweep(repository);
  await untilSettled(async () => {
    const stored = await readAs<SweepDocument>(ports.documents, partition, id, "sweep");
    // A sweep that is under way may have seen nothing of this yet, so that it must not be the last one.
    const asked = stored?.document.underWay === false ? stored.document.due : undefined;
    if (asked !== undefined && asked <= due) return true;
    const document = newSweep(ports, repository, due, false);
    const outcome = await ports.documents.commit(partition, [
      stored === undefined ? { op: "create", document } : { op: "replace", document, etag: stored.etag },
    ]);
    return outcome === "committed" ? true : undefined;
  });
}

/** Repositories that are due for a sweep by now, the one that waits longest first. One range read. */
export async function listDueSweeps(
  ports: Ports,
  rid: string,
  limit: number,
): Promise<Stored<SweepDocument>[]> {
  const page = await ports.documents.list(partitions.sweeps(rid), {
    by: "rank",
    before: ranks.due(ports.clock.now() + 1, ""),
    limit,
    fresh: true,
  });
  return page.documents as Stored<SweepDocument>[];
}

/** Begins a sweep. @returns undefined when another process has begun it */
export async function beginSweep(
  ports: Ports,
  rid: string,
  due: Stored<SweepDocument>,
): Promise<Stored<SweepDocument> | undefined> {
  const again = ports.clock.now() + sweepSecondsMax * 1000;
  const document = newSweep(ports, due.document.repository, again, true);
  const outcome = await ports.documents.commit(partitions.sweeps(rid), [
    { op: "replace", document, etag: due.etag },
  ]);
  if (outcome === "conflict") return undefined;
  const stored = await readAs<SweepDocument>(ports.documents, partitions.sweeps(rid), document.id, "sweep");
  return stored?.document.writer === document.writer ? stored : undefined;
}

/** What came of a sweep: the next one, or none. Whatever was asked for meanwhile stays, since the document has another etag then. */
export async function settleSweep(
  ports: Ports,
  rid: string,
  swept: Stored<SweepDocument>,
  next: number | undefined,
): Promise<void> {
  const { repository, id } = swept.document;
  await ports.documents.commit(partitions.sweeps(rid), [
    next === undefined
      ? { op: "delete", id, etag: swept.etag }
      : { op: "replace", document: newSweep(ports, repository, next, false), etag: swept.etag },
  ]);
}

function newSweep(ports: Ports, repository: RepositoryName, due: number, underWay: boolean): SweepDocument {
  const id = ids.sweep(repository);
  const writer = ports.ids.nonce();
  return { id, kind: "sweep", schema, writer, rank: ranks.due(due, id), repository, due, underWay };
}
