import type { CounterDocument, EventDocument, ShardFigures } from "../catalog/documents.ts";
import { shardOfPartition } from "../catalog/keys.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Change } from "../ports/document-store.ts";

/** Events of one generation of a repository. */
export interface GenerationEvents {
  readonly repository: RepositoryName;
  readonly generation: string;
  readonly events: EventDocument[];
}

/** What some changes say of one registry. */
export interface RegistryChanges {
  /** The latest counter of each shard, by the shard's hex digits. */
  readonly shards: Map<string, ShardFigures>;
  /** By a key of their own. */
  readonly generations: Map<string, GenerationEvents>;
}

/** Takes out of a page of changes what is to be counted, by the registry's id. */
export function sortChanges(changes: readonly Change[]): Map<string, RegistryChanges> {
  const registries = new Map<string, RegistryChanges>();
  const of = (rid: string) => {
    const known = registries.get(rid) ?? { shards: new Map(), generations: new Map() };
    registries.set(rid, known);
    return known;
  };
  for (const { partition, stored } of changes) {
    if (stored.document.kind === "counter") {
      const shard = shardOfPartition(partition);
      if (shard !== undefined) addCounter(of(shard.rid), shard.shard, stored.document as CounterDocument);
    } else if (stored.document.kind === "event") {
      const event = stored.document as EventDocument;
      addEvent(of(event.rid), event);
    }
  }
  return registries;
}

export function figuresOf(counter: CounterDocument): ShardFigures {
  const { seq, bytes, blobs, condemnedBytes = 0, condemnedBlobs = 0 } = counter;
  return [seq, bytes, blobs, condemnedBytes, condemnedBlobs];
}

function addCounter({ shards }: RegistryChanges, shard: string, counter: CounterDocument): void {
  if (counter.seq > (shards.get(shard)?.[0] ?? 0)) shards.set(shard, figuresOf(counter));
}

function addEvent({ generations }: RegistryChanges, event: EventDocument): void {
  const { repository, generation } = event;
  const key = `${repository}~${generation}`;
  const known = generations.get(key) ?? { repository, generation, events: [] };
  known.events.push(event);
  generations.set(key, known);
}
