import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/**
 * What goes wrong with one request: it is answered with an error of the service's (`refuse`), not answered (`hang`), cut off
 * before it has an effect (`reset`), done but its reply lost (`lose`), cut off and done at some later time (`late`), its answer's
 * body cut after some bytes (`cut`), or held back for a while (`hold`).
 */
export type Fault =
  | { readonly kind: "refuse"; readonly status: number; readonly code: string; readonly retryAfter?: number }
  | { readonly kind: "answer"; readonly status: number; readonly body: string }
  | { readonly kind: "hang" }
  | { readonly kind: "reset" }
  | { readonly kind: "lose" }
  | { readonly kind: "cut"; readonly bytes: number }
  | { readonly kind: "hold" | "late"; readonly until: Promise<unknown> };

/** A request as it passes: `PUT blocklist`, or the method alone when there is no `comp`. */
export interface Passing {
  readonly operation: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** Stands between a client and an emulator on the loopback, and does to requests what it is told. */
export class StorageProxy {
  /** Decides what goes wrong with a request; undefined lets it pass. */
  fault: (passing: Passing) => Fault | undefined = () => undefined;
  /** Every request that came. */
  readonly passed: Passing[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: URL;
  #port = 0;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((incoming, reply) => void this.#handle(incoming, reply));
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** @param target base URL of what is behind */
  static async start(target: string): Promise<StorageProxy> {
    const proxy = new StorageProxy(new URL(target));
    await proxy.#listen();
    return proxy;
  }

  /** The base URL with the path of the target. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.#target.pathname}`;
  }

  /** Lets the next requests of an operation go wrong, one after the other; whatever else comes passes. */
  next(operation: string, ...faults: readonly Fault[]): void {
    const left = [...faults];
    this.fault = (passing) => (passing.operation === operation ? left.shift() : undefined);
  }

  /** From now on nobody listens. */
  async goDown(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Listens again, at the same address. */
  async comeBack(): Promise<void> {
    await this.#listen();
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #handle(incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    const { method = "", headers, url = "" } = incoming;
    const { pathname, searchParams } = new URL(url, this.#target);
    const operation = [method, searchParams.get("comp")].filter((part) => part !== null).join(" ");
    const passing = { operation, path: pathname, headers };
    this.passed.push(passing);
    const fault = this.fault(passing);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "reset") {
      incoming.socket.destroy();
      return;
    }
    if (fault?.kind === "refuse" || fault?.kind === "answer") {
      incoming.resume();
      incoming.on("end", () => refuse(reply, fault));
      return;
    }
    if (fault?.kind === "late") {
      await this.#forwardLate(incoming, fault.until);
      return;
    }
    if (fault?.kind === "hold") await fault.until;
    const forwarded = request(new URL(url, this.#target), { method, headers }, (answer) => {
      if (fault?.kind === "lose") {
        answer.resume();
        answer.on("end", () => incoming.socket.destroy());
        return;
      }
      reply.writeHead(answer.statusCode ?? 0, answer.headers);
      if (fault?.kind === "cut") cut(answer, reply, fault.bytes);
      else answer.pipe(reply);
    });
    forwarded.on("error", () => incoming.socket.destroy());
    incoming.pipe(forwarded);
  }

  async #forwardLate(incoming: IncomingMessage, until: Promise<unknown>): Promise<void> {
    const { method = "", headers, url = "" } = incoming;
    const body = await gather(incoming).catch(() => undefined);
    incoming.socket.destroy();
    await until;
    // One whose body did not come whole is done never.
    if (body === undefined) return;
    const forwarded = request(new URL(url, this.#target), { method, headers }, (answer) => answer.resume());
    forwarded.on("error", () => {});
    forwarded.end(body);
  }
}

async function gather(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

function refuse(reply: ServerResponse, fault: Fault): void {
  if (fault.kind === "answer") {
    reply.writeHead(fault.status, { "content-type": "application/xml" });
    reply.end(fault.body);
  }
  if (fault.kind !== "refuse") return;
  const wait = fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
  const headers = { "content-type": "application/xml", "x-ms-error-code": fault.code, ...wait };
  reply.writeHead(fault.status, headers);
  reply.end(
    `<?xml version="1.0" encoding="utf-8"?><Error><Code>${fault.code}</Code><Message>no</Message></Error>`,
  );
}

function cut(answer: IncomingMessage, reply: ServerResponse, bytes: number): void {
  let left = bytes;
  answer.on("data", (piece: Buffer) => {
    reply.write(piece.subarray(0, left));
    left -= piece.byteLength;
    // What was written gets a moment to arrive.
    if (left <= 0) setImmediate(() => reply.socket?.destroySoon());
    if (left <= 0) answer.destroy();
  });
  answer.on("end", () => {
    // There was less to send. Otherwise the answer must not look whole.
    if (left > 0) reply.end();
  });
}
