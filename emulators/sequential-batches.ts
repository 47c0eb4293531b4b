import http from "node:http";
import type { AddressInfo } from "node:net";

interface BatchOperation {
  readonly operationType: "Create" | "Upsert" | "Replace" | "Delete";
  readonly id?: string;
  readonly ifMatch?: string;
  readonly resourceBody?: { readonly id: string };
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body: Buffer | string;
}

const partitionHeader = "x-ms-documentdb-partitionkey";

/**
 * Stands before an emulator whose batches are not transactional, and carries each batch out by itself: under a lock of the
 * partition it first looks whether every operation can be applied, and then applies one after the other. All else passes
 * through, waiting for a batch of its partition that is under way.
 *
 * For emulators on one machine only. While it stands and nothing crashes, clients see whole batches; it cannot show what the
 * service does with one: a crash between two operations leaves a prefix, and conditions, charges and limits are its own.
 */
export class SequentialBatches {
  readonly #upstream: URL;
  readonly #agent = new http.Agent({ keepAlive: true });
  readonly #server: http.Server;
  /** Ends of what was begun last in each partition. */
  readonly #locks = new Map<string, Promise<void>>();

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
    this.#server = http.createServer((incoming, outgoing) => {
      this.#serve(incoming, outgoing).catch((error: unknown) => {
        outgoing.writeHead(502, { "content-type": "application/json" });
        outgoing.end(JSON.stringify({ message: String(error) }));
      });
    });
  }

  /** Listens on a free port of the loopback. @param upstream the emulator's `http:` endpoint */
  static async before(upstream: string): Promise<SequentialBatches> {
    const made = new SequentialBatches(upstream);
    await new Promise<void>((resolve) => made.#server.listen(0, "127.0.0.1", resolve));
    return made;
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#agent.destroy();
  }

  async #serve(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const call: Call = {
      method: incoming.method ?? "GET",
      path: incoming.url ?? "/",
      headers: incoming.headers,
      body: Buffer.concat(chunks),
    };
    const partition = String(incoming.headers[partitionHeader] ?? "");
    const answer =
      incoming.headers["x-ms-cosmos-is-batch-request"]?.toString().toLowerCase() === "true"
        ? await this.#locked(partition, async () => await this.#batch(call))
        : await this.#locked(partition, async () => await this.#pass(call));
    const { "transfer-encoding": _, connection: __, ...headers } = answer.headers;
    outgoing.writeHead(answer.status, { ...headers, "content-length": answer.body.length });
    outgoing.end(answer.body);
  }

  async #locked<T>(partition: string, run: () => Promise<T>): Promise<T> {
    const running = (this.#locks.get(partition) ?? Promise.resolve()).then(run);
    const settled = running.then(
      () => {},
      () => {},
    );
    this.#locks.set(partition, settled);
    try {
      return await running;
    } finally {
      if (this.#locks.get(partition) === settled) this.#locks.delete(partition);
    }
  }

  async #batch(call: Call): Promise<Answer> {
    const operations = JSON.parse(call.body.toString()) as BatchOperation[];
    for (const [index, operation] of operations.entries()) {
      const refusal = await this.#refusal(call, operation);
      if (refusal !== undefined) {
        return batchAnswer(
          207,
          operations.map((_, at) => ({ statusCode: at === index ? refusal : 424 })),
        );
      }
    }
    const results: object[] = [];
    for (const operation of operations) {
      const { status, headers } = await this.#pass(single(call, operation));
      if (status >= 400) throw new Error(`the emulator answered ${status} to a ${operation.operationType}`);
      results.push({ statusCode: status, eTag: headers.etag });
    }
    return batchAnswer(200, results);
  }

  /** The status that the operation fails with, or undefined when it can be applied. */
  async #refusal(call: Call, operation: BatchOperation): Promise<number | undefined> {
    if (operation.operationType === "Upsert") return undefined;
    const path = `${call.path.replace(/\/$/, "")}/${encodeURI(idOf(operation))}`;
    const { status, body } = await this.#pass({ method: "GET", path, headers: plain(call), body: "" });
    if (operation.operationType === "Create") return status === 404 ? undefined : 409;
    if (status === 404) return 404;
    const { _etag } = JSON.parse(body.toString()) as { _etag: string };
    return operation.ifMatch === undefined || operation.ifMatch === _etag ? undefined : 412;
  }

  #pass(call: Call): Promise<Answer> {
    const { host: _, ...headers } = call.headers;
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          agent: this.#agent,
          host: this.#upstream.hostname,
          port: this.#upstream.port,
          method: call.method,
          path: call.path,
          headers: { ...headers, "content-length": Buffer.byteLength(call.body) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            resolve({
              status: response.statusCode ?? 502,
              headers: response.headers,
              body: Buffer.concat(chunks),
            });
          });
        },
      );
      request.on("error", reject);
      request.end(call.body);
    });
  }
}

function idOf({ id, resourceBody }: BatchOperation): string {
  const found = id ?? resourceBody?.id;
  if (found === undefined) throw new Error("an operation of a batch names no document");
  return found;
}

/** The headers of a request of its own, in the same partition. */
function plain(call: Call): http.OutgoingHttpHeaders {
  const left = Object.entries(call.headers).filter(([name]) => !/^(x-ms-cosmos-.*|prefer)$/.test(name));
  return Object.fromEntries(left);
}

function single(call: Call, operation: BatchOperation): Call {
  const collection = call.path.replace(/\/$/, "");
  const item = `${collection}/${encodeURI(idOf(operation))}`;
  const body = JSON.stringify(operation.resourceBody ?? "");
  const headers = {
    ...plain(call),
    ...(operation.ifMatch === undefined ? {} : { "if-match": operation.ifMatch }),
  };
  switch (operation.operationType) {
    case "Create":
      return { method: "POST", path: collection, headers, body };
    case "Upsert":
      return {
        method: "POST",
        path: collection,
        headers: { ...headers, "x-ms-documentdb-is-upsert": "true" },
        body,
      };
    case "Replace":
      return { method: "PUT", path: item, headers, body };
    case "Delete":
      return { method: "DELETE", path: item, headers, body: "" };
  }
}

function batchAnswer(status: number, results: readonly object[]): Answer {
  const headers = { "content-type": "application/json", "x-ms-request-charge": "0" };
  return { status, headers, body: Buffer.from(JSON.stringify(results)) };
}
