import { limits } from "../domain/limits.ts";
import { checkId } from "../ports/document-rules.ts";
import type {
  ChangePage,
  CommitOutcome,
  Document,
  DocumentStore,
  ListQuery,
  Operation,
  Page,
  ReadOptions,
  Stored,
} from "../ports/document-store.ts";
import type { Clock } from "../ports/world.ts";
import type { Database, Tables } from "./database.ts";
import { DocumentCache } from "./document-cache.ts";
import { applyWrites, dropExpired, type Write, writeOf } from "./document-write.ts";
import { checkPartition, documentKey, endOfPartition, sequenceKey, splitKey } from "./keys.ts";
import { parseValue, sequenceOf } from "./record.ts";

/** Bytes of records whose parsed documents are kept; they take about three times that in memory. */
const cacheBytesMax = 8 * 1024 ** 2;

/** Expired documents that a commit drops: more than it can add in the long run, but little work. */
const expiredPerCommitMax = 4;

/** Documents in the embedded database. An etag is the sequence number of the write, which is never given twice. */
export class LocalDocuments implements DocumentStore {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #tables: Tables;
  readonly #cache = new DocumentCache(cacheBytesMax);

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#tables = database.tables;
  }

  async read(partition: string, id: string, options: ReadOptions): Promise<Stored | undefined> {
    if (options.fresh) this.#database.refresh();
    const key = documentKey(partition, id);
    const record = this.#tables.documents.getBinaryFast(key);
    if (record === undefined) return undefined;
    const sequence = sequenceOf(record);
    const cached = this.#cache.get(key, sequence);
    if (cached !== undefined) return cached;
    const stored = parse(record, sequence);
    this.#cache.set(key, sequence, stored, record.length);
    return stored;
  }

  async list(partition: string, query: ListQuery): Promise<Page> {
    checkPageLimit(query.limit);
    if (query.fresh) this.#database.refresh();
    const keys = this.#keysOf(partition, query);
    const more = keys.length > query.limit;
    if (more) keys.pop();
    const documents: Stored[] = [];
    for (const key of keys) {
      const stored = this.#get(key);
      if (stored !== undefined) documents.push(stored);
    }
    return { documents, more };
  }

  async commit(partition: string, operations: readonly Operation[]): Promise<CommitOutcome> {
    checkPartition(partition);
    const writes = checkedWrites(partition, operations);
    const now = this.#clock.now() / 1000;
    return await this.#database.write((transaction) => {
      const outcome = applyWrites(transaction, writes);
      dropExpired(this.#tables, now, expiredPerCommitMax);
      return outcome;
    });
  }

  async writeRegion(): Promise<string> {
    return "local";
  }

  async changes(cursor: string | undefined, limit: number): Promise<ChangePage> {
    checkPageLimit(limit);
    if (cursor !== undefined && !/^[0-9a-f]{14}$/.test(cursor)) throw new Error("not a cursor of this store");
    this.#database.refresh();
    const changes: { partition: string; stored: Stored }[] = [];
    let last = cursor ?? sequenceKey(0);
    const range = this.#tables.changes.getRange({ start: last, exclusiveStart: true, limit });
    // The range is read to its end before anything else is, since the library reuses its buffers.
    for (const entry of [...range]) {
      last = entry.key;
      const key = entry.value.toString("latin1");
      const stored = this.#get(key);
      if (stored !== undefined) changes.push({ partition: splitKey(key).partition, stored });
    }
    return { changes, cursor: last };
  }

  /** The keys of up to one document more than the page takes. */
  #keysOf(partition: string, query: ListQuery): string[] {
    const { by, after, before } = query;
    const reverse = query.descending === true;
    const low = documentKey(partition, after ?? "");
    const high = before === undefined ? endOfPartition(partition) : documentKey(partition, before);
    if (low >= high) return [];
    const range = {
      start: reverse ? high : low,
      end: reverse ? low : high,
      exclusiveStart: true,
      reverse,
      limit: query.limit + 1,
    };
    if (by === "id") return [...this.#tables.documents.getKeys(range)];
    const ranked = [...this.#tables.ranks.getRange(range)];
    return ranked.map(({ value }) => documentKey(partition, value.toString("latin1")));
  }

  /** Leaves the cache to single reads: one long listing would empty it. */
  #get(key: string): Stored | undefined {
    const record = this.#tables.documents.getBinaryFast(key);
    if (record === undefined) return undefined;
    const sequence = sequenceOf(record);
    return this.#cache.get(key, sequence) ?? parse(record, sequence);
  }
}

/** @param record valid until the next read only */
function parse(record: Uint8Array, sequence: number): Stored {
  return { document: parseValue(record) as Document, etag: sequenceKey(sequence) };
}

function checkPageLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.pageItemsMax) {
    throw new Error(`a page has 1 to ${limits.pageItemsMax} items, not ${limit}`);
  }
}

/** @throws Error when the port's rules for a commit are broken */
function checkedWrites(partition: string, operations: readonly Operation[]): Write[] {
  if (operations.length < 1 || operations.length > limits.commitOperationsMax) {
    throw new Error(`a commit has 1 to ${limits.commitOperationsMax} operations, not ${operations.length}`);
  }
  const ids = new Set<string>();
  let bytes = 0;
  const writes = operations.map((operation) => {
    const id = operation.op === "delete" ? operation.id : operation.document.id;
    checkId(id);
    if (ids.has(id)) throw new Error(`two operations of one commit on the same id: ${id}`);
    ids.add(id);
    const write = writeOf(partition, operation);
    bytes += write.record?.length ?? 0;
    return write;
  });
  if (bytes > limits.commitBytesMax) {
    throw new Error(`a commit has at most ${limits.commitBytesMax} bytes, not ${bytes}`);
  }
  return writes;
}
