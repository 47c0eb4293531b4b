import type { EventDocument } from "../../../shared/catalog/documents.ts";
import { askForSweep } from "../../../shared/catalog/sweeps.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import type { RepositoryName } from "../../../shared/domain/name.ts";
import type { CommitOutcome, DocumentStore, Operation } from "../../../shared/ports/document-store.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { type Collection, collect as runCollection } from "../../../shared/upkeep/collection/collect.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { collectOrphans } from "../../../shared/upkeep/orphans/collect-orphans.ts";
import { runRetention } from "../../../shared/upkeep/retention/retention.ts";
import { blobs } from "./samples.ts";
import type { Simulation } from "./simulation.ts";

const silent = createLog("silent", () => {});

/** A run of collection as the service does it, of one repository at least, and what it took told to the history. */
export async function collect(simulation: Simulation, name: RepositoryName): Promise<void> {
  const { history, registry, weather } = simulation;
  const taken: Taken[] = [];
  const answer = await simulation.request(`collect ${name}`, async (bent) => {
    const ports = { ...bent, documents: watched(bent.documents, taken) };
    await askForSweep(ports, registry.rid, name, ports.clock.now());
    await runCollection(ports, silent);
  });
  for (const { repository, digest, outcome } of taken) {
    const late = outcome === "unknown" && (weather.late ?? 0) + (weather.twice ?? 0) > 0;
    const span = late ? { start: answer.start, end: Number.POSITIVE_INFINITY } : answer;
    history.blobCollected(repository, digest, span, outcome === "committed" ? "done" : "maybe");
  }
}

/** A round of the lifecycle rules through all repositories, and what they deleted told to the history. */
export async function retain(simulation: Simulation): Promise<void> {
  const { history, weather } = simulation;
  const deleted: Deleted[] = [];
  const answer = await simulation.request("retain", async (bent) => {
    await runRetention({ ...bent, documents: watchedDeletions(bent.documents, deleted) }, silent);
  });
  for (const { event, outcome } of deleted) {
    const late = outcome === "unknown" && (weather.late ?? 0) + (weather.twice ?? 0) > 0;
    const span = late ? { start: answer.start, end: Number.POSITIVE_INFINITY } : answer;
    const done = outcome === "committed" ? "done" : "maybe";
    const { repository, action, digest, tags } = event;
    if (action === "manifest-delete" && digest !== undefined) {
      history.manifestRetired(repository, digest, span, done);
    } else if (action === "tag-delete" && tags?.[0] !== undefined) {
      history.tagDeleted(repository, tags[0], span, done);
    }
  }
}

interface Deleted {
  readonly event: EventDocument;
  readonly outcome: CommitOutcome;
}

/** The store, taking note of the deletions that are committed, or may be. */
function watchedDeletions(documents: DocumentStore, deleted: Deleted[]): DocumentStore {
  return {
    ...documents,
    commit: async (partition, operations) => {
      const outcome = await documents.commit(partition, operations);
      const last = operations.at(-1);
      if (last?.op === "create" && last.document.kind === "event" && outcome !== "conflict") {
        deleted.push({ event: last.document as EventDocument, outcome });
      }
      return outcome;
    },
  };
}

interface Taken {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly outcome: CommitOutcome;
}

/** The store, taking note of the links that collection takes. */
function watched(documents: DocumentStore, taken: Taken[]): DocumentStore {
  return {
    ...documents,
    commit: async (partition, operations) => {
      const outcome = await documents.commit(partition, operations);
      const event = operations.at(-1);
      const collects =
        event?.op === "create" && "action" in event.document && event.document.action === "blob-collect";
      if (collects && outcome !== "conflict") {
        for (const digest of linksIn(operations)) {
          taken.push({ repository: partition.split("~")[2] as RepositoryName, digest, outcome });
        }
      }
      return outcome;
    },
  };
}

function linksIn(operations: readonly Operation[]): Digest[] {
  const gone = new Set(operations.flatMap((one) => (one.op === "delete" ? [one.id] : [])));
  return blobs.map(({ digest }) => digest).filter((digest) => gone.has(`l:${digest}`));
}

const roundsMax = 60;
const hourMillis = 3_600_000;

/** Lets time pass and everything that nobody waits for be done, until nothing is left to do, nor after a look at everything. */
export async function settle(simulation: Simulation): Promise<void> {
  await workThrough(simulation);
  // The days of uploads that left bytes are over by then, too.
  simulation.clock.advance(3 * 24 * hourMillis + usualGraces.deepSweepSeconds * 1_000);
  await workThrough(simulation);
}

async function workThrough({ ports, clock }: Simulation): Promise<void> {
  let idle = 0;
  for (let rounds = 0; rounds < roundsMax && idle < 3; rounds++) {
    while ((await consumeEvents(ports, silent)).more);
    const done: Collection = await runCollection(ports, silent);
    while ((await collectOrphans(ports, silent)).more);
    const { sweeps, places, generations, more } = done;
    if (sweeps + places + generations > 0 || more) {
      idle = 0;
      clock.advance(1_000);
      continue;
    }
    idle += 1;
    // What can be restored stays for longer than any lease.
    const wait = Math.max(done.next ?? 0, clock.now() + hourMillis) - clock.now();
    clock.advance(Math.min(wait, 26 * hourMillis) + 1_000);
  }
  if (idle < 3) throw new Error("collection does not come to an end");
}
