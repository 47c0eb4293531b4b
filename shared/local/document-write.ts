import type { CommitOutcome, Operation } from "../ports/document-store.ts";
import type { Tables, WriteTransaction } from "./database.ts";
import { checkKeys, documentKey, expiringKey, expiryKey, sequenceKey, splitKey } from "./keys.ts";
import { encodeRecord, headOf, type RecordHead, setSequence } from "./record.ts";

/** An operation, made ready outside of the transaction. */
export interface Write {
  readonly key: string;
  /** Undefined: the document is deleted. */
  readonly record: Buffer | undefined;
  /** Undefined: any, or none. */
  readonly expected: { readonly etag: string } | "absent" | undefined;
}

/** @throws Error when the id or the rank cannot be part of a key */
export function writeOf(partition: string, operation: Operation): Write {
  if (operation.op === "delete") {
    const { id, etag } = operation;
    return { key: documentKey(partition, id), record: undefined, expected: { etag } };
  }
  const { document } = operation;
  checkKeys(document);
  const key = documentKey(partition, document.id);
  const record = encodeRecord(document, document.rank, document.expiresAt);
  if (operation.op === "create") return { key, record, expected: "absent" };
  return { key, record, expected: operation.op === "replace" ? { etag: operation.etag } : undefined };
}

/** Applies all writes or none. Checks everything first, since what a transaction has written is not taken back. */
export function applyWrites(transaction: WriteTransaction, writes: readonly Write[]): CommitOutcome {
  const { tables } = transaction;
  const heads = writes.map(({ key }) => readHead(tables, key));
  if (!writes.every((write, index) => isMet(write, heads[index]))) return "conflict";
  checkRanks(tables, writes);
  // All old entries go before any new one comes, for a rank may pass from one document to another.
  for (const [index, { key }] of writes.entries()) removeFromIndexes(tables, key, heads[index]);
  for (const { key, record } of writes) {
    if (record === undefined) {
      void tables.documents.remove(key);
    } else {
      setSequence(record, transaction.nextSequence());
      void tables.documents.put(key, record);
      addToIndexes(tables, key, headOf(record));
    }
  }
  return "committed";
}

/** Drops documents that expired before `now` (seconds since 1970). @param limit how many at most */
export function dropExpired(tables: Tables, now: number, limit: number): void {
  const expired = tables.documentExpiries.getKeys({ start: "", end: expiryKey(now, ""), limit });
  for (const key of [...expired].map(expiringKey)) {
    removeFromIndexes(tables, key, readHead(tables, key));
    void tables.documents.remove(key);
  }
}

function readHead(tables: Tables, key: string): RecordHead | undefined {
  const record = tables.documents.getBinaryFast(key);
  return record === undefined ? undefined : headOf(record);
}

function isMet({ expected }: Write, head: RecordHead | undefined): boolean {
  if (expected === undefined) return true;
  if (expected === "absent") return head === undefined;
  return head !== undefined && sequenceKey(head.sequence) === expected.etag;
}

/** @throws Error when another document, that this commit leaves alone, has a rank already */
function checkRanks(tables: Tables, writes: readonly Write[]): void {
  const touched = new Set(writes.map(({ key }) => key));
  for (const { key, record } of writes) {
    const rank = record && headOf(record).rank;
    if (rank === undefined) continue;
    const { partition, id } = splitKey(key);
    const owner = tables.ranks.getBinary(documentKey(partition, rank))?.toString("latin1");
    if (owner !== undefined && !touched.has(documentKey(partition, owner))) {
      throw new Error(`${id} cannot have the rank ${rank}, which is that of ${owner}`);
    }
  }
}

function addToIndexes(tables: Tables, key: string, { sequence, rank, expiresAt }: RecordHead): void {
  const { partition, id } = splitKey(key);
  void tables.changes.put(sequenceKey(sequence), latin1(key));
  if (rank !== undefined) void tables.ranks.put(documentKey(partition, rank), latin1(id));
  if (expiresAt !== undefined) void tables.documentExpiries.put(expiryKey(expiresAt, key), latin1("-"));
}

function removeFromIndexes(tables: Tables, key: string, head: RecordHead | undefined): void {
  if (head === undefined) return;
  const { sequence, rank, expiresAt } = head;
  void tables.changes.remove(sequenceKey(sequence));
  if (rank !== undefined) void tables.ranks.remove(documentKey(splitKey(key).partition, rank));
  if (expiresAt !== undefined) void tables.documentExpiries.remove(expiryKey(expiresAt, key));
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
