import type { Document } from "../ports/document-store.ts";
import { keyBytesMax } from "./database.ts";

const idBytesMax = 1_023;
const partitionBytesMax = 900;
const ascii = /^[\0-\x7f]+$/;
const illegalInId = /[/\\?#]/;

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

/** @throws Error when it is empty, too long, not ASCII, or holds a NUL */
export function checkPartition(partition: string): void {
  if (partition.length > partitionBytesMax || !ascii.test(partition) || partition.includes("\0")) {
    throw new Error(`not a partition of 1 to ${partitionBytesMax} ASCII characters: ${shown(partition)}`);
  }
}

/** @throws Error when the port's rule for ids is broken */
export function checkId(id: string): void {
  if (id.length > idBytesMax || !ascii.test(id) || illegalInId.test(id)) {
    throw new Error(`not an id of 1 to ${idBytesMax} ASCII characters without / \\ ? #: ${shown(id)}`);
  }
}

/** @throws Error when the document's id or rank cannot be a key */
export function checkKeys(partition: string, document: Document): void {
  checkId(document.id);
  const { rank } = document;
  if (rank === undefined) return;
  if (!ascii.test(rank) || partition.length + 1 + rank.length > keyBytesMax) {
    throw new Error(`not a rank of ASCII characters that fits into a key: ${shown(rank)}`);
  }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
