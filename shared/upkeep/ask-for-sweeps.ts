import { leaseEnd } from "../catalog/commit.ts";
import type { EventAction, EventDocument } from "../catalog/documents.ts";
import { askForSweep } from "../catalog/sweeps.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";
import type { GenerationEvents } from "./sort-changes.ts";

/** What leases: if nothing came of it, that shows when the lease is over. */
const leasing: ReadonlySet<EventAction> = new Set([
  "blob-push",
  "blob-mount",
  "manifest-push",
  "manifest-restore",
]);
/** What sweeps do themselves. */
const swept: ReadonlySet<EventAction> = new Set(["blob-collect", "tag-purge"]);

const askedAtOnce = 25;

/**
 * Has each repository swept of which events tell that something may be left there to be collected. To be called before the cursor moves
 * past the events; once more does no harm.
 */
export async function askForSweeps(
  ports: Ports,
  rid: string,
  generations: Iterable<GenerationEvents>,
): Promise<void> {
  const asked = [...earliest(ports, generations)];
  for (let from = 0; from < asked.length; from += askedAtOnce) {
    const some = asked.slice(from, from + askedAtOnce);
    await Promise.all(some.map(([repository, due]) => askForSweep(ports, rid, repository, due)));
  }
}

function earliest(ports: Ports, generations: Iterable<GenerationEvents>): Map<RepositoryName, number> {
  const dues = new Map<RepositoryName, number>();
  for (const { repository, events } of generations) {
    for (const event of events) {
      const due = dueOf(ports, event);
      if (due !== undefined) dues.set(repository, Math.min(due, dues.get(repository) ?? due));
    }
  }
  return dues;
}

function dueOf(ports: Ports, { action, at }: EventDocument): number | undefined {
  if (swept.has(action)) return undefined;
  // Deletions rarely come alone: one sweep a while later is for all of them.
  return leasing.has(action) ? leaseEnd(ports, at) : at + ports.graces.sweepSeconds * 1000;
}
