import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Bytes taken from the socket at once, into one buffer that is used over and over. */
const receiveBytes = 1024 ** 2;
const endOfHead = "\r\n\r\n";

/** A reply whose body was counted and thrown away. */
export interface Received {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bodyBytes: number;
}

/** What to send, without Host and Connection. */
export interface Sent {
  readonly port: number;
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is: with the frames of its chunks, if the headers say so. */
  readonly body?: Iterable<Buffer>;
  /** Sees the reply's body; the bytes are only good during the call. */
  readonly onBody?: (bytes: Buffer) => void;
}

/**
 * One request on a connection of its own, with as little work as Node can do: pieces go to the socket as they are,
 * and the reply is read into one buffer and forgotten.
 * @throws Error when the connection breaks, or the reply has no Content-Length
 */
export async function exchange(sent: Sent): Promise<Received> {
  const reader = new ReplyReader(sent.onBody);
  const socket = connect({
    host: "127.0.0.1",
    port: sent.port,
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(receiveBytes),
      callback: (bytes, buffer) => {
        reader.take(buffer as Buffer, bytes);
        return true;
      },
    },
  });
  socket.once("end", () => reader.end()).once("error", (error) => reader.fail(error));
  try {
    await once(socket, "connect");
    await Promise.race([send(socket, sent), reader.received]);
    return await reader.received;
  } finally {
    socket.destroy();
  }
}

async function send(socket: Socket, { method, target, headers, body, port }: Sent): Promise<void> {
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join("\r\n")}${endOfHead}`);
  for (const piece of body ?? []) {
    // Not one after the reply, or the end, of the other side.
    if (socket.destroyed) return;
    if (!socket.write(piece)) await once(socket, "drain");
  }
}

/** Reads one reply from the pieces that come. */
class ReplyReader {
  readonly received: Promise<Received>;
  readonly #onBody: ((bytes: Buffer) => void) | undefined;
  #resolve: (received: Received) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #head = "";
  #reply: { status: number; headers: Map<string, string>; length: number } | undefined;
  #bodyBytes = 0;

  constructor(onBody: ((bytes: Buffer) => void) | undefined) {
    this.#onBody = onBody;
    this.received = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.received.catch(() => {});
  }

  take(buffer: Buffer, bytes: number): void {
    const start = this.#reply === undefined ? this.#takeHead(buffer, bytes) : 0;
    const reply = this.#reply;
    if (reply === undefined) return;
    this.#bodyBytes += bytes - start;
    if (bytes > start) this.#onBody?.(buffer.subarray(start, bytes));
    if (this.#bodyBytes >= reply.length) this.#resolve({ ...reply, bodyBytes: this.#bodyBytes });
  }

  end(): void {
    this.fail(new Error(`the connection ended after ${this.#bodyBytes} bytes of the reply`));
  }

  fail(error: Error): void {
    this.#reject(error);
  }

  /** @returns where in the buffer the body starts */
  #takeHead(buffer: Buffer, bytes: number): number {
    const before = this.#head.length;
    this.#head += buffer.toString("latin1", 0, bytes);
    const end = this.#head.indexOf(endOfHead);
    if (end < 0) return bytes;
    const [statusLine = "", ...lines] = this.#head.slice(0, end).split("\r\n");
    const headers = new Map(lines.map((line) => splitHeader(line)));
    const status = Number(statusLine.split(" ")[1]);
    const length = status === 204 ? 0 : Number(headers.get("content-length") ?? Number.NaN);
    if (Number.isNaN(length)) this.fail(new Error(`no Content-Length: ${statusLine}`));
    else this.#reply = { status, headers, length };
    return end + endOfHead.length - before;
  }
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

/** The reply, if it has that status. @throws Error for any other */
export function expectStatus(status: number, received: Received): Received {
  if (received.status !== status) throw new Error(`status ${received.status} came, not ${status}`);
  return received;
}
