import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Document, DocumentStore, Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { type EventAction, type EventDocument, schema } from "./documents.ts";
import { ids } from "./keys.ts";

/**
 * Runs `attempt` until it settles. An attempt reads, plans and commits; undefined means that another writer was faster or that
 * the reply was lost, and it starts over from a new read.
 * @throws RegistryError TOOMANYREQUESTS when it never settles
 */
export async function untilSettled<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < limits.contentionAttemptsMax; tries++) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new RegistryError("TOOMANYREQUESTS", {
    message: "too many writers are changing the same thing; try again",
    headers: { "Retry-After": "1" },
  });
}

/**
 * Commits a change together with its event, which goes last: when the reply is lost, the event's presence tells whether
 * the change was made.
 * @returns whether it is committed; if not, nothing of it is
 */
export async function commitWithEvent(
  documents: DocumentStore,
  partition: string,
  operations: readonly Operation[],
  event: EventDocument,
): Promise<boolean> {
  const outcome = await documents.commit(partition, [...operations, { op: "create", document: event }]);
  if (outcome === "unknown")
    return (await documents.read(partition, event.id, { fresh: true })) !== undefined;
  return outcome === "committed";
}

/** Commits operations that may be repeated, until their outcome is known. */
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

type EventFacts = Pick<EventDocument, "rid" | "repository"> &
  Partial<Pick<EventDocument, "digest" | "mediaType" | "size" | "tags">>;

/** A new event, with an id of its own: make it once for a change, not once for an attempt. */
export function newEvent(
  ports: Ports,
  action: EventAction,
  writer: string,
  facts: EventFacts,
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
    ...facts,
  };
}

/** When a lease that is set now ends, in ms since 1970. */
export function newLease(ports: Ports): number {
  return ports.clock.now() + limits.leaseSeconds * 1000;
}

/** Whether enough is left of a lease to point at its document. */
export function leaseHolds(ports: Ports, leaseUntil: number): boolean {
  return leaseUntil - ports.clock.now() >= limits.leaseSecondsLeftMin * 1000;
}
