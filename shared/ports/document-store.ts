/**
 * A document as any store keeps it: JSON values only. What the kinds mean is the business of `catalog/`.
 */
export interface Document {
  /** Unique in its partition; holds none of `/ \ ? #`; ASCII, at most 1,023 bytes. */
  readonly id: string;
  readonly kind: string;
  /** Version of the kind's shape. */
  readonly schema: number;
  /** The nonce of the request that wrote it, by which a retry recognises its own work. */
  readonly writer: string;
  /** A second order within the partition, unique in it. A document without one is not listed by rank. */
  readonly rank?: string;
  /** Seconds since 1970 after which a store may drop it: a help, never the mechanism. */
  readonly expiresAt?: number;
}

export interface Stored<D extends Document = Document> {
  readonly document: D;
  /** Changes with every write of the document, and is never used again. */
  readonly etag: string;
}

export interface ReadOptions {
  /** See every acknowledged commit. Otherwise the answer may be an older state of the store. */
  readonly fresh: boolean;
}

/** A range of one partition. Both ends are exclusive, so that the last key of a page starts the next. */
export interface ListQuery extends ReadOptions {
  readonly by: "id" | "rank";
  readonly after?: string;
  readonly before?: string;
  readonly descending?: boolean;
  /** Documents of this page, 1 to 1,000. */
  readonly limit: number;
}

export interface Page<D extends Document = Document> {
  readonly documents: readonly Stored<D>[];
  /** Whether there is at least one more in the range. */
  readonly more: boolean;
}

export type Operation =
  | { readonly op: "create"; readonly document: Document }
  | { readonly op: "replace"; readonly document: Document; readonly etag: string }
  | { readonly op: "upsert"; readonly document: Document }
  | { readonly op: "delete"; readonly id: string; readonly etag: string };

/**
 * `committed`: every operation is applied and durable. `conflict`: a `create` met a document, or an etag was not the
 * current one; nothing is applied. `unknown`: the reply was lost, and either may be the case.
 */
export type CommitOutcome = "committed" | "conflict" | "unknown";

export interface Change {
  readonly partition: string;
  readonly stored: Stored;
}

export interface ChangePage {
  readonly changes: readonly Change[];
  /** Where the next call goes on; give it back as it is. */
  readonly cursor: string;
}

/**
 * Documents in partitions, ordered by id in each (by the bytes of their ASCII characters).
 *
 * There is no query, no offset, no scan across partitions, and no assertion without a write. A store that is throttled
 * or away throws RegistryError TOOMANYREQUESTS or UNAVAILABLE.
 */
export interface DocumentStore {
  read(partition: string, id: string, options: ReadOptions): Promise<Stored | undefined>;

  list(partition: string, query: ListQuery): Promise<Page>;

  /**
   * Applies all operations or none. At most 100 operations and 1.5 MB, on distinct ids. They are given in an order in which even
   * a prefix would do no harm.
   */
  commit(partition: string, operations: readonly Operation[]): Promise<CommitOutcome>;

  /**
   * The documents written after `cursor` (undefined: from the beginning) in their latest version, each at least once, in
   * commit order within a partition. Deletions are not shown.
   */
  changes(cursor: string | undefined, limit: number): Promise<ChangePage>;

  /** What takes writes just now, as it was known a minute or two ago: another name for another region, and for another account. */
  writeRegion(): Promise<string>;
}
