import type { RepositoryName } from "../domain/name.ts";
import type { Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { SweepDocument } from "./collection-documents.ts";
import { readAs, untilSettled } from "./commit.ts";
import { schema } from "./documents.ts";
import { ids, partitions, ranks } from "./keys.ts";

/** Seconds after which a sweep that has not ended is begun again. */
const sweepSecondsMax = 600;

/** What came of a sweep: it stopped at its limit behind `after`; and when something is to be done again. In ms since 1970. */
export interface SweepOutcome {
  readonly after: string | undefined;
  readonly next: number | undefined;
}

/**
 * Has the repository swept at `due` (ms since 1970), or earlier if that was asked for already. One read, and a commit if it is news.
 *
 * A sweep that has begun may see nothing of what is asked for now, so it is asked for again.
 */
export async function askForSweep(
  ports: Ports,
  rid: string,
  repository: RepositoryName,
  due: number,
): Promise<void> {
  const partition = partitions.sweeps(rid);
  await untilSettled(async () => {
    const stored = await readSweep(ports, rid, repository);
    if (stored === undefined) {
      return await committed(ports, partition, { op: "create", document: newSweep(ports, repository, due) });
    }
    const { document, etag } = stored;
    if (!hasBegun(document)) {
      if (document.due <= due) return true;
      return await committed(ports, partition, {
        op: "replace",
        document: newSweep(ports, repository, due),
        etag,
      });
    }
    if (document.waiting !== undefined && document.waiting <= due) return true;
    const asked: SweepDocument = { ...document, waiting: due, writer: ports.ids.nonce() };
    return await committed(ports, partition, { op: "replace", document: asked, etag });
  });
}

function hasBegun({ underWay, after }: SweepDocument): boolean {
  return underWay || after !== undefined;
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

/** When the next sweep is due, in ms since 1970; undefined when none is asked for. One range read. */
export async function nextSweep(ports: Ports, rid: string): Promise<number | undefined> {
  const page = await ports.documents.list(partitions.sweeps(rid), { by: "rank", limit: 1, fresh: true });
  return (page.documents[0]?.document as SweepDocument | undefined)?.due;
}

/** Begins a sweep. @returns false when another process has begun it */
export async function beginSweep(ports: Ports, rid: string, due: Stored<SweepDocument>): Promise<boolean> {
  const { repository } = due.document;
  const again = newSweep(ports, repository, ports.clock.now() + sweepSecondsMax * 1000);
  const document: SweepDocument = { ...due.document, ...again, underWay: true };
  const outcome = await ports.documents.commit(partitions.sweeps(rid), [
    { op: "replace", document, etag: due.etag },
  ]);
  if (outcome !== "unknown") return outcome === "committed";
  return (await readSweep(ports, rid, repository))?.document.writer === document.writer;
}

/** Ends a sweep that was begun: it goes on behind `after`, or is due again, or is done with. */
export async function endSweep(
  ports: Ports,
  rid: string,
  repository: RepositoryName,
  { after, next }: SweepOutcome,
): Promise<void> {
  const partition = partitions.sweeps(rid);
  await untilSettled(async () => {
    const stored = await readSweep(ports, rid, repository);
    if (stored === undefined || !stored.document.underWay) return true;
    const { etag } = stored;
    const waiting = earliest(stored.document.waiting, next);
    if (after !== undefined) {
      const document: SweepDocument = {
        ...newSweep(ports, repository, ports.clock.now()),
        after,
        ...(waiting === undefined ? {} : { waiting }),
      };
      return await committed(ports, partition, { op: "replace", document, etag });
    }
    if (waiting === undefined) {
      return await committed(ports, partition, { op: "delete", id: stored.document.id, etag });
    }
    const document = newSweep(ports, repository, waiting);
    return await committed(ports, partition, { op: "replace", document, etag });
  });
}

export function earliest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

async function committed(ports: Ports, partition: string, operation: Operation): Promise<true | undefined> {
  return (await ports.documents.commit(partition, [operation])) === "committed" ? true : undefined;
}

async function readSweep(
  ports: Ports,
  rid: string,
  repository: RepositoryName,
): Promise<Stored<SweepDocument> | undefined> {
  return await readAs<SweepDocument>(ports.documents, partitions.sweeps(rid), ids.sweep(repository), "sweep");
}

function newSweep(ports: Ports, repository: RepositoryName, due: number): SweepDocument {
  const id = ids.sweep(repository);
  const writer = ports.ids.nonce();
  const rank = ranks.due(due, id);
  return { id, kind: "sweep", schema, writer, rank, repository, due, underWay: false };
}
