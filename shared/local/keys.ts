import { checkId } from "../ports/document-rules.ts";
import type { Document } from "../ports/document-store.ts";

/** Of a rank, as of an id. */
const rankBytesMax = 1_023;
/** With an id and the NUL it makes a key of fewer than the 1,978 bytes that the database takes. */
const partitionBytesMax = 900;
const printable = /^[!-~]+$/;

/**
 * The key of a document, or of its rank: partition, NUL, id. No partition holds a NUL, so the keys of one lie together, in the
 * order of their ids' bytes.
 */
export function documentKey(partition: string, id: string): string {
  return `${partition}\0${id}`;
}

/** The parts of a key that `documentKey` made. */
export function splitKey(key: string): { partition: string; id: string } {
  const at = key.indexOf("\0");
  return { partition: key.slice(0, at), id: key.slice(at + 1) };
}

/** The first key behind all of a partition. */
export function endOfPartition(partition: string): string {
  return `${partition}\x01`;
}

/** The sequence number as a key that sorts like it. */
export function sequenceKey(sequence: number): string {
  return sequence.toString(16).padStart(14, "0");
}

/** A key that sorts by the time of expiry, in seconds since 1970. */
export function expiryKey(seconds: number, key: string): string {
  return `${sequenceKey(Math.max(0, Math.ceil(seconds)))}\0${key}`;
}

/** The key of what expires. */
export function expiringKey(key: string): string {
  return key.slice(key.indexOf("\0") + 1);
}

/** @throws Error when it cannot be part of a key */
export function checkPartition(partition: string): void {
  if (partition.length > partitionBytesMax || !printable.test(partition)) {
    throw new Error(
      `a partition is 1 to ${partitionBytesMax} printable ASCII characters: ${shown(partition)}`,
    );
  }
}

/** @throws Error when the document's id or rank cannot be part of a key */
export function checkKeys(document: Document): void {
  checkId(document.id);
  const { rank } = document;
  if (rank === undefined) return;
  if (rank.length > rankBytesMax || !printable.test(rank)) {
    throw new Error(`a rank is 1 to ${rankBytesMax} printable ASCII characters: ${shown(rank)}`);
  }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
