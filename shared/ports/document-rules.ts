import { limits } from "../domain/limits.ts";
import type { Document, ListQuery, Operation } from "./document-store.ts";

/** Bytes of a document's id and of a partition's name, the limits of Cosmos DB. */
const idBytesMax = 1_023;
const partitionBytesMax = 2_048;
/** Printable ASCII without `/ \ ? #`, and not what a path means by `.` and `..`. */
const idGrammar = /^[!-~]+$/;
const forbidden = /[/\\?#]|^\.{1,2}$/;
/** Fields that a store keeps beside a document's own: its partition, its life, and what starts with an underscore. */
const reservedField = /^(pk|ttl|_.*)$/;

/**
 * Refuses what no store has to take, so that it shows at once and not first in production.
 * @throws Error for a commit that breaks the port's rules
 */
export function checkOperations(partition: string, operations: readonly Operation[]): void {
  checkPartition(partition);
  if (operations.length === 0) throw new Error("a commit has at least one operation");
  if (operations.length > limits.commitOperationsMax) {
    throw new Error(`a commit has at most ${limits.commitOperationsMax} operations: ${operations.length}`);
  }
  const seen = new Set<string>();
  let bytes = 0;
  for (const operation of operations) {
    const id = operation.op === "delete" ? operation.id : operation.document.id;
    checkId(id);
    if (seen.has(id)) throw new Error(`an id occurs twice in a commit: ${id}`);
    seen.add(id);
    if (operation.op !== "delete") bytes += bytesOf(operation.document);
  }
  if (bytes > limits.commitBytesMax) {
    throw new Error(`a commit has at most ${limits.commitBytesMax} bytes: ${bytes}`);
  }
}

/** @throws Error for a name that no partition can have */
export function checkPartition(partition: string): void {
  if (partition === "") throw new Error("a partition has a name");
  const bytes = Buffer.byteLength(partition);
  if (bytes > partitionBytesMax) {
    throw new Error(`a partition's name has at most ${partitionBytesMax} bytes: ${bytes}`);
  }
}

/** @throws Error for an id that no document can have */
export function checkId(id: string): void {
  if (isId(id)) return;
  throw new Error(`an id is 1 to ${idBytesMax} printable ASCII characters without / \\ ? #: ${id}`);
}

/** Whether a document can have this id. */
export function isId(id: string): boolean {
  return idGrammar.test(id) && !forbidden.test(id) && id.length <= idBytesMax;
}

function bytesOf(document: Document): number {
  for (const field in document) {
    if (reservedField.test(field))
      throw new Error(`a document has no field ${field}, which is a store's own`);
  }
  return Buffer.byteLength(JSON.stringify(document));
}

/** @throws Error for a page size out of range */
export function checkListQuery(query: ListQuery): void {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > limits.pageItemsMax) {
    throw new Error(`a page has 1 to ${limits.pageItemsMax} documents: ${query.limit}`);
  }
}

/** @throws Error for a page size out of range */
export function checkChangesLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1) throw new Error(`a page has at least one change: ${limit}`);
}
