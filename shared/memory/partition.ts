import type { Document, ListQuery, Operation, Page, Stored } from "../ports/document-store.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** Commits that can be looked behind. */
const rememberedCommits = 64;

type Before = readonly (readonly [id: string, stored: Stored | undefined])[];

/** One partition: its documents, its two orders, and what its latest commits replaced. */
export class Partition {
  readonly #documents = new Map<string, Stored>();
  readonly #ids = new SortedKeys();
  readonly #ranks = new SortedKeys();
  readonly #idsOfRanks = new Map<string, string>();
  /** The latest commit last. */
  readonly #undo: Before[] = [];

  get(id: string): Stored | undefined {
    return this.#documents.get(id);
  }

  all(): Stored[] {
    return this.#ids.all().flatMap((id) => this.#documents.get(id) ?? []);
  }

  allows(operation: Operation): boolean {
    switch (operation.op) {
      case "create":
        return !this.#documents.has(operation.document.id);
      case "upsert":
        return true;
      case "replace":
        return this.#documents.get(operation.document.id)?.etag === operation.etag;
      case "delete":
        return this.#documents.get(operation.id)?.etag === operation.etag;
    }
  }

  /** Applies operations that were all allowed. @returns what was written, in order */
  apply(operations: readonly Operation[], newEtag: () => string): Stored[] {
    const before: Before = operations.map((operation) => {
      const id = operation.op === "delete" ? operation.id : operation.document.id;
      return [id, this.#documents.get(id)];
    });
    // Ranks may change hands within a commit.
    for (const [id] of before) this.#forgetRank(id);
    const written: Stored[] = [];
    for (const operation of operations) {
      if (operation.op === "delete") {
        this.#put(operation.id, undefined);
      } else {
        const stored = Object.freeze({ document: frozenCopy(operation.document), etag: newEtag() });
        this.#put(stored.document.id, stored);
        written.push(stored);
      }
    }
    this.#undo.push(before);
    if (this.#undo.length > rememberedCommits) this.#undo.shift();
    return written;
  }

  /** The partition as it was so many commits ago, or as long ago as is remembered. */
  before(commits: number): Partition {
    const documents = new Map<string, Stored | undefined>(this.#documents);
    for (const before of this.#undo.slice(-commits).reverse()) {
      for (const [id, stored] of before) documents.set(id, stored);
    }
    const older = new Partition();
    for (const [id, stored] of documents) older.#put(id, stored);
    return older;
  }

  list(query: ListQuery): Page {
    const keys = query.by === "id" ? this.#ids : this.#ranks;
    const { after, before, limit } = query;
    const found = keys.between(after, before, query.descending === true, limit + 1);
    const documents = found.slice(0, limit).flatMap((key) => {
      const id = query.by === "id" ? key : this.#idsOfRanks.get(key);
      return (id === undefined ? undefined : this.#documents.get(id)) ?? [];
    });
    return { documents, more: found.length > limit };
  }

  #put(id: string, stored: Stored | undefined): void {
    this.#forgetRank(id);
    if (stored === undefined) {
      this.#documents.delete(id);
      this.#ids.remove(id);
      return;
    }
    this.#documents.set(id, stored);
    this.#ids.add(id);
    const { rank } = stored.document;
    if (rank === undefined) return;
    if (this.#idsOfRanks.has(rank)) throw new Error(`two documents of a partition have the rank ${rank}`);
    this.#ranks.add(rank);
    this.#idsOfRanks.set(rank, id);
  }

  #forgetRank(id: string): void {
    const rank = this.#documents.get(id)?.document.rank;
    if (rank === undefined || this.#idsOfRanks.get(rank) !== id) return;
    this.#ranks.remove(rank);
    this.#idsOfRanks.delete(rank);
  }
}

/** JSON values only, and nobody can change what is stored. */
function frozenCopy(document: Document): Document {
  return deepFrozen(JSON.parse(JSON.stringify(document)) as Document);
}

function deepFrozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === "object" && part !== null) deepFrozen(part);
  }
  return Object.freeze(value);
}
