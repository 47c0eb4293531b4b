import { open, type Database as Store } from "lmdb";

/**
 * A key is a string of characters up to U+00FF, stored as one byte each, so that keys sort by the bytes of their
 * characters. The library would cut a key that does not fit, so whoever makes keys keeps them below `keyBytesMax`.
 */
export const keyBytesMax = 1_978;

const keyEncoder = {
  writeKey: (key: string, target: Buffer, start: number) => start + target.write(key, start, "latin1"),
  readKey: (source: Buffer, start: number, end: number) => source.toString("latin1", start, end),
};

/** One ordered map of the database. */
export type Table = Store<Buffer, string>;

export interface Tables {
  /** Partition and id -> record. */
  readonly documents: Table;
  /** Partition and rank -> id. */
  readonly ranks: Table;
  /** Sequence number -> partition and id of the document that was last written with it. */
  readonly changes: Table;
  /** Upload id -> record. */
  readonly sessions: Table;
  /** Time of expiry and upload id -> nothing. */
  readonly sessionExpiries: Table;
  /** Queue, time at which it is due and sequence number -> message. */
  readonly work: Table;
  /** What the database itself remembers. */
  readonly state: Table;
}

/** What a piece of work sees of the write transaction that it runs in. */
export interface WriteTransaction {
  readonly tables: Tables;
  /** A number above all that were ever given. */
  nextSequence(): number;
}

/** Must check before it writes: what it wrote before it throws stays. */
export type Work<T> = (transaction: WriteTransaction) => T;

interface Waiting {
  /** Runs inside the transaction and keeps its result. */
  run(transaction: WriteTransaction): void;
  /** Tells the caller, once the transaction is on disk. */
  settle(): void;
  fail(error: Error): void;
}

/** Bytes of address space, not of disk: the file grows as it is written, up to here. */
const mapBytes = 256 * 1024 ** 3;
/** Pieces of work that share one transaction, so that the first is not kept waiting by the last. */
const groupMax = 512;
const sequenceKey = "sequence";

/**
 * An LMDB environment that several processes may open at once.
 *
 * Work is done in groups: what arrives while a group is being synced to disk forms the next one, so that many callers share
 * one sync. The library's `overlappingSync` stays off: then a transaction is in LMDB's classic order (pages, fdatasync,
 * meta page, visible), nobody ever reads what a power cut could take back, and its promise resolves only afterwards.
 */
export class Database {
  readonly tables: Tables;
  readonly #root: ReturnType<typeof open<Buffer, string>>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(folder: string) {
    const format = { encoding: "binary", keyEncoder } as const;
    this.#root = open<Buffer, string>(folder, {
      ...format,
      noSubdir: false,
      overlappingSync: false,
      // Elsewhere the library's default, which starts small and maps anew as the file grows; Windows allocates the map.
      ...(process.platform === "win32" ? {} : { mapSize: mapBytes }),
      maxDbs: 16,
      maxReaders: 512,
    });
    const table = (name: string): Table => this.#root.openDB<Buffer, string>(name, format);
    this.tables = {
      documents: table("documents"),
      ranks: table("ranks"),
      changes: table("changes"),
      sessions: table("sessions"),
      sessionExpiries: table("session-expiries"),
      work: table("work"),
      state: table("state"),
    };
  }

  /**
   * Lets the reads that follow, until the caller gives up control, see one state of the database that holds every acknowledged
   * commit of every process. The library alone would go on with a state that is some milliseconds old.
   */
  refresh(): void {
    this.#root.resetReadTxn();
  }

  /** Runs work in a write transaction, and resolves when its effects are on disk. What it throws goes to the caller. */
  async write<T>(work: Work<T>): Promise<T> {
    if (this.#closed) throw new Error("the database is closed");
    return await new Promise<T>((resolve, reject) => {
      let settle: (() => void) | undefined;
      this.#waiting.push({
        run: (transaction) => {
          try {
            const result = work(transaction);
            settle = () => resolve(result);
          } catch (error) {
            settle = () => reject(error);
          }
        },
        settle: () => settle?.(),
        fail: reject,
      });
      this.#running ??= this.#runAll().finally(() => {
        this.#running = undefined;
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#root.close();
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, groupMax);
      try {
        await this.#root.transaction(() => this.#runGroup(group));
        for (const waiting of group) waiting.settle();
      } catch (error) {
        const failure = await causeOf(error);
        for (const waiting of group) waiting.fail(failure);
      }
    }
  }

  #runGroup(group: readonly Waiting[]): void {
    const { tables } = this;
    const before = Number(tables.state.getBinary(sequenceKey)?.toString("latin1") ?? "0");
    let sequence = before;
    const transaction = {
      tables,
      nextSequence: () => {
        sequence += 1;
        return sequence;
      },
    };
    for (const waiting of group) waiting.run(transaction);
    if (sequence !== before) void tables.state.put(sequenceKey, Buffer.from(String(sequence), "latin1"));
  }
}

/** The library rejects with an error whose `commitError` is a promise that is rejected with the cause. */
async function causeOf(error: unknown): Promise<Error> {
  const { commitError } = error as { commitError?: Promise<never> };
  if (commitError === undefined) return error instanceof Error ? error : new Error(String(error));
  return await commitError.catch((cause: unknown) => new Error(`the database failed: ${String(cause)}`));
}
