import type { CommitOutcome, Operation } from "../ports/document-store.ts";
import type { Tables, WriteTransaction } from "./database.ts";
import { checkKeys, documentKey, sequenceKey } from "./document-key.ts";
import { encodeRecord, headOf, type RecordHead, setSequence } from "./record.ts";

/** An operation, made ready outside of the transaction. */
export interface Write {
  readonly key: string;
  readonly id: string;
  readonly rank: { readonly key: string; readonly text: string } | undefined;
  /** Undefined: the document is deleted. */
  readonly record: Buffer | undefined;
  /** Undefined: any, or none. */
  readonly expected: { readonly etag: string } | "absent" | undefined;
}

/** @throws Error when the id or the rank cannot be a key */
export function writeOf(partition: string, operation: Operation): Write {
  if (operation.op === "delete") {
    const { id, etag } = operation;
    return {
      key: documentKey(partition, id),
      id,
      rank: undefined,
      record: undefined,
      expected: { etag },
    };
  }
  const { document } = operation;
  checkKeys(document);
  const { rank } = document;
  return {
    key: documentKey(partition, document.id),
    id: document.id,
    rank: rank === undefined ? undefined : { key: documentKey(partition, rank), text: rank },
    record: encodeRecord(document, rank, document.expiresAt),
    expected:
      operation.op === "create"
        ? "absent"
        : operation.op === "replace"
          ? { etag: operation.etag }
          : undefined,
  };
}

/** Applies all writes or none. Checks everything first, since what a transaction has written is not taken back. */
export function applyWrites(transaction: WriteTransaction, writes: readonly Write[]): CommitOutcome {
  const { tables } = transaction;
  const current = writes.map((write) => readHead(tables, write.key));
  const met = writes.every((write, index) => isMet(write, current[index]));
  if (!met) return "conflict";
  checkRanks(tables, writes);
  writes.forEach((write, index) => {
    removeFromIndexes(tables, write.key, current[index]);
  });
  for (const write of writes) {
    if (write.record === undefined) {
      void tables.documents.remove(write.key);
      continue;
    }
    const sequence = transaction.nextSequence();
    setSequence(write.record, sequence);
    void tables.documents.put(write.key, write.record);
    void tables.changes.put(sequenceKey(sequence), latin1(write.key));
    if (write.rank !== undefined) void tables.ranks.put(write.rank.key, latin1(write.id));
  }
  return "committed";
}

function readHead(tables: Tables, key: string): RecordHead | undefined {
  const record = tables.documents.getBinaryFast(key);
  return record === undefined ? undefined : headOf(record);
}

function isMet(write: Write, current: RecordHead | undefined): boolean {
  if (write.expected === undefined) return true;
  if (write.expected === "absent") return current === undefined;
  return current !== undefined && sequenceKey(current.sequence) === write.expected.etag;
}

/** @throws Error when another document, that this commit leaves alone, has a rank already */
function checkRanks(tables: Tables, writes: readonly Write[]): void {
  const touched = new Set(writes.map((write) => write.id));
  for (const { rank } of writes) {
    const owner = rank && tables.ranks.getBinary(rank.key)?.toString("latin1");
    if (owner !== undefined && !touched.has(owner)) {
      throw new Error(`the rank ${rank?.text} is that of ${owner}`);
    }
  }
}

function removeFromIndexes(tables: Tables, key: string, current: RecordHead | undefined): void {
  if (current === undefined) return;
  void tables.changes.remove(sequenceKey(current.sequence));
  if (current.rank === undefined) return;
  void tables.ranks.remove(documentKey(key.slice(0, key.indexOf("\0")), current.rank));
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
