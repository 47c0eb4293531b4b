import type { Digest } from "../domain/digest.ts";
import type { Operation, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { readAs } from "./commit.ts";
import { type BlobDocument, type CounterDocument, schema } from "./documents.ts";
import { ids } from "./keys.ts";

/** What one commit changes of a shard's blobs. */
export interface ShardChange {
  /** Becomes live, having been absent, or `revived` from being condemned. */
  readonly added?: BlobDocument;
  readonly revived?: BlobDocument | undefined;
  /** Were live. */
  readonly condemned?: readonly BlobDocument[];
  /** Were condemned, and are gone. */
  readonly removed?: readonly BlobDocument[];
}

export async function readBlob(
  ports: Ports,
  partition: string,
  digest: Digest,
): Promise<Stored<BlobDocument> | undefined> {
  return await readAs<BlobDocument>(ports.documents, partition, ids.blob(digest), "blob");
}

export async function readCounter(
  ports: Ports,
  partition: string,
): Promise<Stored<CounterDocument> | undefined> {
  return await readAs<CounterDocument>(ports.documents, partition, ids.counter, "counter");
}

/** The shard's counter after the change. It is part of every commit that changes a blob, so that its sums are exact. */
export function countOperation(
  counter: Stored<CounterDocument> | undefined,
  writer: string,
  change: ShardChange,
): Operation {
  const before = counter?.document;
  const { added, revived, condemned = [], removed = [] } = change;
  const more = added === undefined ? [] : [added];
  const fewer = revived === undefined ? removed : [...removed, revived];
  const document: CounterDocument = {
    id: ids.counter,
    kind: "counter",
    schema,
    writer,
    bytes: (before?.bytes ?? 0) + sizeOf(more) - sizeOf(condemned),
    blobs: (before?.blobs ?? 0) + more.length - condemned.length,
    condemnedBytes: (before?.condemnedBytes ?? 0) + sizeOf(condemned) - sizeOf(fewer),
    condemnedBlobs: (before?.condemnedBlobs ?? 0) + condemned.length - fewer.length,
    seq: (before?.seq ?? 0) + 1,
  };
  return counter === undefined ? { op: "create", document } : { op: "replace", document, etag: counter.etag };
}

function sizeOf(blobs: readonly BlobDocument[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}
