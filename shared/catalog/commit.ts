import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Document, DocumentStore, Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { type EventAction, type EventDocument, schema } from "./documents.ts";
import { ids } from "./keys.ts";

/** Attempts that follow each other at once: most that lose a race win the next. */
const attemptsAtOnce = 4;
/** ms that the first pause takes at most; each may take twice as long as the one before, up to the last. */
const firstPauseMillisMax = 4;
const pauseMillisMax = 250;

/**
 * Runs `attempt` until it settles. An attempt reads, plans and commits; undefined means that another writer was faster or that
 * the reply was lost, and it starts over from a new read: at first at once, then after pauses that grow and are drawn, so that
 * those who contend do not come back in step.
 * @throws RegistryError TOOMANYREQUESTS when it does not settle in time
 */
export async function untilSettled<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  const late = performance.now() + limits.contentionSecondsMax * 1000;
  for (let tries = 1; tries <= limits.contentionAttemptsMax; tries++) {
    const result = await attempt();
    if (result !== undefined) return result;
    // Each attempt may have waited for a store that is slow to answer.
    if (performance.now() > late) break;
    if (tries >= attemptsAtOnce) await pauseAfter(tries);
  }
  throw new RegistryError("TOOMANYREQUESTS", {
    message: "too many writers are changing the same thing; try again",
    headers: { "Retry-After": "1" },
  });
}

async function pauseAfter(tries: number): Promise<void> {
  const longest = Math.min(pauseMillisMax, firstPauseMillisMax * 2 ** (tries - attemptsAtOnce));
  await new Promise<void>((resolve) => {
    setTimeout(resolve, Math.random() * longest);
  });
}

/**
 * A change that is committed at most once, however often it is attempted: together with its event, whose id is the same in each
 * attempt. After a lost reply the event's presence tells that the change was made; and when an attempt was not applied yet, but
 * may still be, the event of a later one keeps it from being applied as well.
 */
export class EventedChange {
  readonly #documents: DocumentStore;
  readonly #partition: string;
  readonly #event: EventDocument;
  #inDoubt = false;

  constructor(documents: DocumentStore, partition: string, event: EventDocument) {
    this.#documents = documents;
    this.#partition = partition;
    this.#event = event;
  }

  /**
   * One attempt. The event goes last.
   * @param facts what the event says of this attempt
   * @returns whether the change is committed, by this attempt or by one before it
   */
  async commit(operations: readonly Operation[], facts: Partial<EventFacts> = {}): Promise<boolean> {
    const document: EventDocument = { ...this.#event, ...facts };
    const outcome = await this.#documents.commit(this.#partition, [
      ...operations,
      { op: "create", document },
    ]);
    if (outcome === "committed") return true;
    if (outcome === "unknown") this.#inDoubt = true;
    return await this.isCommitted();
  }

  /**
   * Whether an attempt of which that was not known has been applied by now. Ask before answering that there is nothing to change:
   * the change itself may be why. No read unless there is such an attempt.
   */
  async isCommitted(): Promise<boolean> {
    if (!this.#inDoubt) return false;
    return (await this.#documents.read(this.#partition, this.#event.id, { fresh: true })) !== undefined;
  }
}

/**
 * Commits operations that may be repeated, until their outcome is known. An attempt whose reply was lost may still be applied after
 * this: only for what does no harm then.
 */
export async function commitIdempotent(
  documents: DocumentStore,
  partition: string,
  operations: readonly Operation[],
): Promise<void> {
  await untilSettled(async () => {
    const outcome = await documents.commit(partition, operations);
    return outcome === "committed" ? true : undefined;
  });
}

/** The document as the kind that its id promises. */
export async function readAs<D extends Document>(
  documents: DocumentStore,
  partition: string,
  id: string,
  kind: D["kind"],
): Promise<Stored<D> | undefined> {
  const stored = await documents.read(partition, id, { fresh: true });
  if (stored !== undefined && stored.document.kind !== kind) {
    throw new Error(`${partition} ${id} is a ${stored.document.kind}, not a ${kind}`);
  }
  return stored as Stored<D> | undefined;
}

type EventFacts = Partial<Pick<EventDocument, "digest" | "mediaType" | "size" | "tags" | "usage">>;

/** The repository that an event tells of. */
interface EventSource {
  readonly registry: { readonly rid: string };
  readonly name: RepositoryName;
  readonly generation: string;
}

/** A new event, with an id of its own: made once for a change, not once for an attempt. */
export function newEvent(
  ports: Ports,
  action: EventAction,
  writer: string,
  repository: EventSource,
  facts: EventFacts = {},
): EventDocument {
  const at = ports.clock.now();
  return {
    id: ids.event(ports.ids.ulid()),
    kind: "event",
    schema,
    writer,
    expiresAt: Math.ceil(at / 1000) + limits.eventSecondsMax,
    action,
    at,
    region: ports.region,
    rid: repository.registry.rid,
    repository: repository.name,
    generation: repository.generation,
    ...facts,
  };
}

/** When a lease that is set now ends, in ms since 1970. */
export function newLease(ports: Ports): number {
  return ports.clock.now() + ports.graces.leaseSeconds * 1000;
}

/** When by every clock a lease is over that was set at `at`. */
export function leaseEnd(ports: Ports, at: number): number {
  return at + (ports.graces.leaseSeconds + ports.graces.skewSeconds) * 1000;
}

/** Whether enough is left of a lease to point at its document. */
export function leaseHolds(ports: Ports, leaseUntil: number): boolean {
  return leaseUntil - ports.clock.now() >= ports.graces.requestSeconds * 1000;
}

/** Whether a lease is over by every clock: only then may a collector ask what points at its document. */
export function leaseIsOver(ports: Ports, leaseUntil: number): boolean {
  return ports.clock.now() >= leaseUntil + ports.graces.skewSeconds * 1000;
}
