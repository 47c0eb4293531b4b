import { checkChangesLimit, checkListQuery, checkOperations } from "../ports/document-rules.ts";
import type {
  ChangePage,
  CommitOutcome,
  Document,
  DocumentStore,
  Operation,
  ReadOptions,
  Stored,
} from "../ports/document-store.ts";
import { type Bend, bentCall, bentRead, type Call, postpone, refuse } from "./bend.ts";
import { Partition } from "./partition.ts";

interface LogEntry {
  readonly partition: string;
  readonly id: string;
  readonly etag: string;
}

/** Documents in maps. One process, nothing durable; otherwise as strict as any store of the port may be. */
export class MemoryDocuments {
  readonly #partitions = new Map<string, Partition>();
  /** Every write, in the order of commits; `changes` skips what is no longer the latest version. */
  readonly #log: LogEntry[] = [];
  #etags = 0;
  /** Where writes go; a test moves it. */
  writeRegion = "local";

  /** The port onto these documents. Several, bent in different ways, share them. */
  store(bend: Bend = {}): DocumentStore {
    const call = (name: string, subject: string): Call => ({ port: "documents", name, subject });
    const stale = (of: Call, options: ReadOptions) => (options.fresh ? 0 : (bend.staleCommits?.(of) ?? 0));
    return {
      read: async (partition, id, options) => {
        const of = call("read", `${partition} ${id}`);
        return await bentRead(bend, of, () => this.#state(partition, stale(of, options))?.get(id));
      },
      list: async (partition, query) => {
        const of = call("list", partition);
        return await bentRead(bend, of, () => {
          checkListQuery(query);
          const state = this.#state(partition, stale(of, query));
          return state?.list(query) ?? { documents: [], more: false };
        });
      },
      commit: async (partition, operations) => {
        const of = call("commit", partition);
        return await bentCall(bend, of, () => this.#commit(bend, of, partition, operations));
      },
      changes: async (cursor, limit) =>
        await bentRead(bend, call("changes", ""), () => this.#changes(cursor, limit)),
      writeRegion: async () => await bentRead(bend, call("writeRegion", ""), () => this.writeRegion),
    };
  }

  /** Every partition with all its documents, for a test that looks at the whole store. */
  *everything(): Generator<readonly [partition: string, documents: readonly Stored[]]> {
    for (const [name, partition] of this.#partitions) yield [name, partition.all()];
  }

  #state(partition: string, staleCommits: number): Partition | undefined {
    const state = this.#partitions.get(partition);
    return staleCommits === 0 ? state : state?.before(staleCommits);
  }

  #commit(bend: Bend, call: Call, partition: string, operations: readonly Operation[]): CommitOutcome {
    checkOperations(partition, operations);
    const fate = bend.commitFate?.(call, operations.length) ?? "done";
    if (fate === "refused") return "unknown";
    refuse(fate);
    if (fate === "late" || fate === "twice") postpone(bend, call, () => this.#apply(partition, operations));
    if (fate === "late") return "unknown";
    const applied = this.#apply(partition, operations, typeof fate === "object" ? fate.prefix : undefined);
    if (fate !== "done" && fate !== "twice") return "unknown";
    return applied ? "committed" : "conflict";
  }

  /** @param prefix how many of the operations, all of which must be allowed, are applied @returns false when one is not allowed */
  #apply(partition: string, operations: readonly Operation[], prefix = operations.length): boolean {
    const state = this.#partitions.get(partition) ?? new Partition();
    if (!operations.every((operation) => state.allows(operation))) return false;
    const written = state.apply(operations.slice(0, prefix), () => `"${++this.#etags}"`);
    this.#partitions.set(partition, state);
    for (const { document, etag } of written) this.#log.push({ partition, id: document.id, etag });
    return true;
  }

  #changes(cursor: string | undefined, limit: number): ChangePage {
    checkChangesLimit(limit);
    let position = cursor === undefined ? 0 : decodeCursor(cursor);
    const changes: { partition: string; stored: Stored<Document> }[] = [];
    while (position < this.#log.length && changes.length < limit) {
      const entry = this.#log[position++];
      if (entry === undefined) break;
      const stored = this.#partitions.get(entry.partition)?.get(entry.id);
      if (stored?.etag === entry.etag) changes.push({ partition: entry.partition, stored });
    }
    return { changes, cursor: encodeCursor(position) };
  }
}

function encodeCursor(position: number): string {
  return Buffer.from(`log ${position}`).toString("base64url");
}

function decodeCursor(cursor: string): number {
  const match = /^log ([0-9]+)$/.exec(Buffer.from(cursor, "base64url").toString());
  if (match === null) throw new Error(`not a cursor of this store: ${cursor}`);
  return Number(match[1]);
}
