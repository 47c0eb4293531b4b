import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Document } from "../../../../shared/ports/document-store.ts";

interface Entry {
  readonly partition: string;
  readonly document: Document;
  /** The number of the commit; all that was written in one has the same. */
  readonly lsn: number;
}

interface Range {
  readonly id: string;
  readonly minInclusive: string;
  readonly maxExclusive: string;
}

/**
 * As much of Cosmos DB as its change feed needs: ranges of keys that split and merge, latest versions only, pages that end with a
 * whole commit, and continuations that are numbers of commits.
 * @see https://learn.microsoft.com/azure/cosmos-db/nosql/change-feed-pull-model
 */
export class FakeChangeFeed {
  ranges: readonly Range[] = [{ id: "0", minInclusive: "", maxExclusive: "FF" }];
  rid = "container==";
  /** Asked for each page; a status is answered in its place. */
  refuse: (range: Range) => { status: number; substatus?: number } | undefined = () => undefined;
  /** Answered in place of the ranges. */
  rangesStatus = 200;
  #entries: readonly Entry[] = [];
  #lsn = 0;
  #ids = 0;
  readonly #server = http.createServer((request, reply) => this.#serve(request, reply));

  static async start(): Promise<FakeChangeFeed> {
    const made = new FakeChangeFeed();
    await new Promise<void>((resolve) => made.#server.listen(0, "127.0.0.1", resolve));
    return made;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Writes documents in one commit; what they replace is in the feed no more. */
  commit(partition: string, documents: readonly Document[]): void {
    this.#lsn += 1;
    const ids = new Set(documents.map(({ id }) => id));
    const others = this.#entries.filter(
      (entry) => entry.partition !== partition || !ids.has(entry.document.id),
    );
    this.#entries = [...others, ...documents.map((document) => ({ partition, document, lsn: this.#lsn }))];
  }

  /** Splits the range that holds the middle of all keys, or of the lower half, and so on. */
  split(at: string): void {
    this.ranges = this.ranges.flatMap((range) =>
      range.minInclusive < at && at < range.maxExclusive
        ? [
            { ...range, id: this.#newId(), maxExclusive: at },
            { ...range, id: this.#newId(), minInclusive: at },
          ]
        : [range],
    );
  }

  merge(): void {
    this.ranges = [{ id: this.#newId(), minInclusive: "", maxExclusive: "FF" }];
  }

  #newId(): string {
    this.#ids += 1;
    return String(this.#ids);
  }

  #serve(request: http.IncomingMessage, reply: http.ServerResponse): void {
    const path = request.url ?? "";
    const send = (status: number, body: object | undefined, headers: Record<string, string> = {}) => {
      reply.writeHead(status, { "content-type": "application/json", "x-ms-request-charge": "2", ...headers });
      reply.end(body === undefined ? undefined : JSON.stringify(body));
    };
    if (/\/pkranges$/.test(path)) {
      send(this.rangesStatus, {
        _rid: this.rid,
        PartitionKeyRanges: this.ranges.map((range) => ({ ...range, parents: [] })),
      });
    } else if (/\/docs$/.test(path) && request.headers["a-im"] === "Incremental Feed") {
      this.#page(request, send);
    } else if (request.method === "GET") {
      send(200, { id: "c", _rid: this.rid, partitionKey: { paths: ["/pk"], kind: "Hash", version: 2 } });
    } else {
      send(400, { message: "the fake does not know this" });
    }
  }

  #page(
    { headers }: http.IncomingMessage,
    send: (status: number, body: object | undefined, headers?: Record<string, string>) => void,
  ): void {
    const range = this.ranges.find(({ id }) => id === headers["x-ms-documentdb-partitionkeyrangeid"]);
    if (range === undefined) {
      send(410, { message: "the range is gone" }, { "x-ms-substatus": "1002" });
      return;
    }
    const refusal = this.refuse(range);
    if (refusal !== undefined) {
      const substatus = { "x-ms-substatus": String(refusal.substatus ?? 0) };
      send(refusal.status, { message: "refused" }, substatus);
      return;
    }
    const after = Number(headers["if-none-match"]?.replaceAll('"', "") ?? 0);
    const from = String(headers["x-ms-start-epk"] ?? range.minInclusive);
    const to = String(headers["x-ms-end-epk"] ?? range.maxExclusive);
    const found = this.#entries.filter(({ partition, lsn }) => {
      const key = effectiveKey(partition);
      return lsn > after && key >= from && key < to;
    });
    const page: Entry[] = [];
    for (const entry of found) {
      if (page.length >= Number(headers["x-ms-max-item-count"]) && page.at(-1)?.lsn !== entry.lsn) break;
      page.push(entry);
    }
    const last = page.at(-1);
    if (last === undefined) {
      send(304, undefined, { etag: `"${this.#lsn}"` });
      return;
    }
    const Documents = page.map(({ partition, document, lsn }) => ({
      ...document,
      pk: partition,
      _etag: etagOf(partition, document.id, lsn),
      _rid: "r",
      _self: "s",
      _ts: 1,
      _lsn: lsn,
    }));
    send(200, { _rid: this.rid, Documents, _count: Documents.length }, { etag: `"${last.lsn}"` });
  }
}

/** Where a partition is among all keys, below `40`; the service hashes otherwise, but as evenly. */
function effectiveKey(partition: string): string {
  const hash = createHash("sha256").update(partition).digest("hex").toUpperCase().slice(0, 32);
  return String(Number.parseInt(hash.slice(0, 1), 16) % 4) + hash.slice(1);
}

function etagOf(partition: string, id: string, lsn: number): string {
  return `"${createHash("sha256").update(`${partition} ${id} ${lsn}`).digest("hex").slice(0, 16)}"`;
}
