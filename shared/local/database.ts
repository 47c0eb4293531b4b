import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { open, type Database as Store } from "lmdb";
import { RegistryError } from "../domain/errors.ts";
import { codeOf } from "./file-errors.ts";

/**
 * A key is a string of characters up to U+00FF, stored as one byte each, so that keys sort by the bytes of their
 * characters. The library would cut a key that does not fit, so whoever makes keys keeps them within 1,978 bytes.
 */
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
  /** Time of expiry, partition and id -> nothing. */
  readonly documentExpiries: Table;
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
/**
 * Has each transaction read the list of free pages anew, as LMDB itself does. The library would keep it in memory from one
 * transaction to the next and write back only what changed, which under long write loads loses entries (lmdb-js#321).
 * Its type declarations leave this option out.
 */
const freePages = { maxFreeSpaceToRetain: 0 };
/** Milliseconds of work in one transaction, in which this process does nothing else. */
const groupMillisMax = 20;
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
  #broken: RegistryError | undefined;

  /** @throws Error when the folder's database cannot be opened */
  constructor(folder: string) {
    checkFile(join(folder, "data.mdb"));
    const format = { encoding: "binary", keyEncoder } as const;
    this.#root = open<Buffer, string>(folder, {
      ...format,
      noSubdir: false,
      overlappingSync: false,
      // Groups are made here. The library's own would also leave a promise of its own unhandled when the disk is full.
      eventTurnBatching: false,
      // Elsewhere the library's default, which starts small and maps anew as the file grows; Windows allocates the map.
      ...(process.platform === "win32" ? {} : { mapSize: mapBytes }),
      ...freePages,
      maxDbs: 16,
      maxReaders: 512,
    });
    const table = (name: string): Table => this.#root.openDB<Buffer, string>(name, format);
    this.tables = {
      documents: table("documents"),
      ranks: table("ranks"),
      changes: table("changes"),
      documentExpiries: table("document-expiries"),
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
    if (this.#broken !== undefined) throw this.#broken;
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
      this.#running ??= this.#runAll();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#root.close();
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      let group: Waiting[] = [];
      try {
        await this.#root.transaction(() => {
          group = this.#runGroup();
        });
        for (const waiting of group) waiting.settle();
      } catch (error) {
        const failure = await failureOf(error);
        if (!this.#takesTransactions()) {
          this.#broken = failure;
          group.push(...this.#waiting.splice(0));
        }
        for (const waiting of group) waiting.fail(failure);
      }
    }
    this.#running = undefined;
  }

  /**
   * False once LMDB could not write its meta page: it then takes no transaction until it is opened anew, and the library's
   * asynchronous one would never end.
   */
  #takesTransactions(): boolean {
    try {
      this.#root.transactionSync(() => {});
      return true;
    } catch {
      return false;
    }
  }

  /** Runs what waits when the transaction begins, the syncs of earlier ones being over. */
  #runGroup(): Waiting[] {
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
    const group: Waiting[] = [];
    const end = performance.now() + groupMillisMax;
    do {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) break;
      group.push(waiting);
      waiting.run(transaction);
    } while (performance.now() < end);
    if (sequence !== before) void tables.state.put(sequenceKey, Buffer.from(String(sequence), "latin1"));
    return group;
  }
}

/**
 * The library ends the process over a file that is no database, so the first bytes are looked at before: LMDB's magic
 * number and the version of its format, behind the head of the first page.
 */
function checkFile(path: string): void {
  const head = Buffer.alloc(32);
  let bytes: number;
  try {
    const file = openSync(path, "r");
    bytes = readSync(file, head, 0, head.length, 0);
    closeSync(file);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  const known = head.readUInt32LE(24) === 0xbeefc0de && head.readUInt16LE(28) === 2;
  if (bytes > 0 && !known) throw new Error(`${path} is damaged, or no database of this version`);
}

/**
 * The failure of a transaction, of which nothing is left: most often a full disk, which the library reports as an
 * input/output error. It rejects with an error whose `commitError` is a promise that is rejected with the cause.
 */
async function failureOf(error: unknown): Promise<RegistryError> {
  const { commitError } = error as { commitError?: Promise<never> };
  const cause = commitError === undefined ? error : await commitError.catch((reason: unknown) => reason);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RegistryError("UNAVAILABLE", {
    message: `the registry's database cannot be written: ${reason}`,
  });
}
