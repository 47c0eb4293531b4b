import { limits } from "../domain/limits.ts";
import type { ListQuery, Operation } from "../ports/document-store.ts";

/** Bytes of a document's id, the limit of Cosmos DB. */
const idBytesMax = 1_023;
/** Printable ASCII without `/ \ ? #`. */
const idGrammar = /^[!-~]+$/;
const forbidden = /[/\\?#]/;

/**
 * Refuses what no store has to take, so that it shows here and not first in production.
 * @throws Error for a commit that breaks the port's rules
 */
export function checkOperations(partition: string, operations: readonly Operation[]): void {
  if (partition === "") throw new Error("a partition has a name");
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
    if (operation.op !== "delete") bytes += Buffer.byteLength(JSON.stringify(operation.document));
  }
  if (bytes > limits.commitBytesMax) {
    throw new Error(`a commit has at most ${limits.commitBytesMax} bytes: ${bytes}`);
  }
}

function checkId(id: string): void {
  if (!idGrammar.test(id) || forbidden.test(id)) {
    throw new Error(`an id is printable ASCII without / \\ ? #: ${id}`);
  }
  if (id.length > idBytesMax) throw new Error(`an id has at most ${idBytesMax} bytes: ${id.length}`);
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
