import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { BlobDownloadResponseParsed } from "@azure/storage-blob";
import type { Place } from "../../domain/place.ts";
import type { StorageAccount } from "./account.ts";
import { isUnfinished } from "./blob-properties.ts";
import { budgets, callStorage } from "./call.ts";
import { faultOf, StorageFault, unavailable } from "./errors.ts";

/** Which bytes, `end` inclusive, and of which version. */
export interface DownloadRange {
  readonly start: number;
  readonly end: number;
  /** Nothing is given of a blob that has changed. */
  readonly etag?: string;
}

/** ms for an answer to begin. */
const answerMillis = 3_000;
/** ms without a byte after which a connection to the store is given up. */
const stallMillis = 15_000;
/** ms after which a body that nobody reads gives its connection back; it is opened again when it is read after all. */
const unreadMillis = 60_000;
/** Times in a row that a broken body is resumed without a byte having come. */
const resumesMax = 3;

/**
 * The bytes of a blob in pieces. A connection that breaks is resumed where it broke: bytes at a place do not change, and the
 * etag sees to that. When that fails as well the iteration throws, so that no short answer looks like a whole one.
 */
export class Download implements AsyncIterable<Uint8Array> {
  readonly etag: string;
  readonly metadata: Record<string, string>;
  readonly #source: Source;
  readonly #range: DownloadRange;
  #body: Body | undefined;

  private constructor(source: Source, range: DownloadRange, opened: Opened) {
    this.etag = opened.etag;
    this.metadata = opened.metadata;
    this.#source = source;
    this.#range = { ...range, etag: opened.etag };
    this.#body = opened.body;
  }

  /**
   * Opens at least one byte.
   * @throws StorageFault, such as BlobNotFound or ConditionNotMet; RegistryError UNAVAILABLE or TOOMANYREQUESTS
   */
  static async open(
    account: StorageAccount,
    place: Place,
    range: DownloadRange,
    committedAt?: number,
  ): Promise<Download> {
    const source = new Source(account, place, committedAt);
    return new Download(source, range, await source.open(range));
  }

  /** Gives the connection back without reading. */
  close(): void {
    this.#body?.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const { start, end, etag } = this.#range;
    let at = start;
    let failures = 0;
    try {
      while (at <= end) {
        const range: DownloadRange = { start: at, end, ...(etag === undefined ? {} : { etag }) };
        this.#body ??= (await this.#source.open(range)).body;
        const piece = await this.#body.next();
        if (piece !== undefined) {
          at += piece.byteLength;
          failures = 0;
          yield piece;
          continue;
        }
        this.#body = undefined;
        failures += 1;
        if (failures > resumesMax) throw brokenOff();
        await sleep(Math.random() * 100 * 2 ** failures);
      }
      // Only a body that was read to its end leaves a connection that can be used again.
      await this.#body?.next();
    } finally {
      this.close();
    }
  }
}

interface Opened {
  readonly body: Body;
  readonly etag: string;
  readonly metadata: Record<string, string>;
}

/** A blob, at whichever endpoint answers. */
class Source {
  readonly #account: StorageAccount;
  readonly #place: Place;
  readonly #committedAt: number | undefined;

  constructor(account: StorageAccount, place: Place, committedAt: number | undefined) {
    this.#account = account;
    this.#place = place;
    this.#committedAt = committedAt;
  }

  async open(range: DownloadRange): Promise<Opened> {
    const { clients, health } = this.#account;
    return await callStorage("GetBlob", budgets.open, async (signal, number) => {
      if (number > 1) await health.confirm();
      const endpoint = health.route(this.#committedAt);
      const service = await clients.blobs(endpoint);
      const blob = service.getContainerClient(this.#place.container).getBlobClient(this.#place.name);
      const abort = new AbortController();
      // The time limit is for the answer to begin; the body may take as long as the client does.
      const giveUp = () => abort.abort();
      const timer = setTimeout(giveUp, answerMillis);
      signal.addEventListener("abort", giveUp);
      try {
        const response = await blob.download(range.start, range.end - range.start + 1, {
          abortSignal: abort.signal,
          maxRetryRequests: 0,
          ...(range.etag === undefined ? {} : { conditions: { ifMatch: range.etag } }),
        });
        if (endpoint === "secondary" && isUnfinished(response.metadata)) throw unavailable();
        return opened(response);
      } catch (error) {
        // What is not at the second endpoint may well be at the first, which cannot be asked.
        if (endpoint === "secondary" && faultOf("GetBlob", error, number)?.status === 404)
          throw unavailable();
        throw error;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", giveUp);
      }
    });
  }
}

function opened(response: BlobDownloadResponseParsed): Opened {
  const { readableStreamBody: stream, etag, metadata } = response;
  if (!(stream instanceof Readable) || etag === undefined) throw new Error("a download without a body");
  return { body: new Body(stream), etag, metadata: metadata ?? {} };
}

/** One answer's body. */
class Body {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #stream: Readable;
  readonly #unread: NodeJS.Timeout;

  constructor(stream: Readable) {
    this.#stream = stream;
    // An iterator is only made once somebody reads, but a stream that fails before must not bring the process down.
    stream.on("error", () => {});
    this.#iterator = stream.iterator({ destroyOnReturn: true });
    this.#unread = setTimeout(() => this.close(), unreadMillis).unref();
  }

  /** The next piece; undefined when the body ended or broke. */
  async next(): Promise<Uint8Array | undefined> {
    clearTimeout(this.#unread);
    const stalled = setTimeout(() => this.close(), stallMillis);
    try {
      const { done, value } = await this.#iterator.next();
      return done === true ? undefined : value;
    } catch {
      return undefined;
    } finally {
      clearTimeout(stalled);
    }
  }

  close(): void {
    clearTimeout(this.#unread);
    this.#stream.destroy();
  }
}

function brokenOff(): StorageFault {
  const facts = { kind: "away", status: 0, code: "BodyBrokenOff", retryAfter: undefined } as const;
  return new StorageFault("GetBlob", facts, resumesMax + 1);
}
