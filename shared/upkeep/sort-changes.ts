import type { CounterDocument, EventDocument, ShardFigures } from "../catalog/documents.ts";
import { shardOfPartition } from "../catalog/keys.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Change } from "../ports/document-store.ts";

/** What some changes say of one registry's usage. */
export interface RegistryChanges {
  /** The latest counter of each shard, by the shard's hex digits. */
  readonly shards: Map<string, ShardFigures>;
  /** Events that change a repository's figures. */
  readonly events: Map<RepositoryName, EventDocument[]>;
}

/** Takes out of a page of changes what is to be counted, by the registry's id. */
export function sortChanges(changes: readonly Change[]): Map<string, RegistryChanges> {
  const registries = new Map<string, RegistryChanges>();
  const of = (rid: string) => {
    const known = registries.get(rid) ?? { shards: new Map(), events: new Map() };
    registries.set(rid, known);
    return known;
  };
  for (const { partition, stored } of changes) {
    if (stored.document.kind === "counter") {
      const shard = shardOfPartition(partition);
      if (shard !== undefined) addCounter(of(shard.rid), shard.shard, stored.document as CounterDocument);
    } else if (stored.document.kind === "event") {
      const event = stored.document as EventDocument;
      if (event.usage !== undefined) addEvent(of(event.rid), event);
    }
  }
  return registries;
}

function addCounter({ shards }: RegistryChanges, shard: string, counter: CounterDocument): void {
  const { seq, bytes, blobs } = counter;
  if (seq > (shards.get(shard)?.[0] ?? 0)) shards.set(shard, [seq, bytes, blobs]);
}

function addEvent({ events }: RegistryChanges, event: EventDocument): void {
  const known = events.get(event.repository);
  if (known === undefined) events.set(event.repository, [event]);
  else known.push(event);
}
