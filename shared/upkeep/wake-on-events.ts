import { limits } from "../domain/limits.ts";
import type { DocumentStore, Operation } from "../ports/document-store.ts";
import type { WorkQueue } from "../ports/work-queue.ts";
import type { Clock } from "../ports/world.ts";

/** Where the event consumer is woken. */
export const eventQueue = "events";

/** The store, telling of each commit that carries an event, which is its last operation. What came of it may be unknown. */
export function wakeOnEvents(documents: DocumentStore, wake: () => void): DocumentStore {
  return {
    read: async (partition, id, options) => await documents.read(partition, id, options),
    list: async (partition, query) => await documents.list(partition, query),
    changes: async (cursor, limit) => await documents.changes(cursor, limit),
    writeRegion: async () => await documents.writeRegion(),
    commit: async (partition, operations) => {
      const outcome = await documents.commit(partition, operations);
      if (outcome !== "conflict" && endsWithEvent(operations)) wake();
      return outcome;
    },
  };
}

function endsWithEvent(operations: readonly Operation[]): boolean {
  const last = operations.at(-1);
  return last?.op === "create" && last.document.kind === "event";
}

/**
 * Wakes the event consumer by a message, one a second at most. The message is sent at once and seen a second later, and so covers
 * what is committed until then: nothing is left to be sent by a process that may be frozen when it has answered.
 *
 * Nobody waits for it, and nothing depends on it: what a lost message would have told is found by the timer, a minute later.
 */
export class EventWaker {
  readonly #work: WorkQueue;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  /** ms since 1970 until when the latest message covers everything. */
  #coveredUntil = 0;
  #sending: Promise<void> | undefined;
  /** Whether something was committed that the message under way may not cover. */
  #again = false;

  /** @param failed is told why a message could not be sent */
  constructor(work: WorkQueue, clock: Clock, failed: (error: unknown) => void) {
    this.#work = work;
    this.#clock = clock;
    this.#failed = failed;
  }

  wake(): void {
    if (this.#clock.now() < this.#coveredUntil) return;
    if (this.#sending !== undefined) {
      this.#again = true;
      return;
    }
    this.#coveredUntil = this.#clock.now() + limits.eventWakeSeconds * 1000;
    this.#sending = this.#send();
  }

  /** Resolves when no message is under way. */
  async settled(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
  }

  async #send(): Promise<void> {
    try {
      const delaySeconds = limits.eventWakeSeconds;
      await this.#work.send(eventQueue, { work: { kind: "events" }, attempt: 1 }, { delaySeconds });
    } catch (error) {
      this.#failed(error);
    }
    this.#sending = undefined;
    if (!this.#again) return;
    this.#again = false;
    this.wake();
  }
}
