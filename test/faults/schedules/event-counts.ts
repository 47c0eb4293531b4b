import type { EventAction } from "../../../shared/catalog/documents.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import type { RepositoryName, Tag } from "../../../shared/domain/name.ts";

/** What a request did: its change, nothing, or (its answer was lost) one of the two. */
export type Outcome = "done" | "nothing" | "maybe";

interface EventCount {
  acknowledged: number;
  attempted: number;
}

/** How often each change was acknowledged, and may have been made. */
export class EventCounts {
  readonly #counts = new Map<string, EventCount>();

  keys(): Iterable<string> {
    return this.#counts.keys();
  }

  of(key: string): Readonly<EventCount> {
    return this.#counts.get(key) ?? { acknowledged: 0, attempted: 0 };
  }

  /** @param even whether an answer that says «nothing» may hide a change whose event is there */
  count(
    action: EventAction,
    repository: RepositoryName,
    subject: Digest | Tag,
    outcome: Outcome,
    even = false,
  ): void {
    const key = eventKey(action, repository, subject);
    const count = { ...this.of(key) };
    this.#counts.set(key, count);
    if (outcome === "done") count.acknowledged += 1;
    if (outcome !== "nothing" || even) count.attempted += 1;
  }
}

export function eventKey(action: EventAction, repository: RepositoryName, subject: Digest | Tag): string {
  return `${action} ${repository} ${subject}`;
}
