import { connect, type Socket } from "node:net";

/** One HTTP/1.1 reply, as it came over a socket. */
export interface RawReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** ms that a reply may take. */
const replyMillisMax = 20_000;

/** A socket on which a test says what no HTTP client would, and reads replies one by one. */
export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    // A reset is one more way in which a server ends a connection.
    socket.on("end", end).on("close", end).on("error", end);
  }

  static async open(port: number, host = "127.0.0.1"): Promise<RawConnection> {
    // What it has not read it still can, after it said that it sends no more.
    const socket = connect({ port, host, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    return new RawConnection(socket);
  }

  /** @param text one byte a character */
  send(text: string | Uint8Array): void {
    this.#socket.write(typeof text === "string" ? Buffer.from(text, "latin1") : text);
  }

  /** Sends no more. */
  finish(): void {
    this.#socket.end();
  }

  /** Goes away without a word. */
  destroy(): void {
    this.#socket.resetAndDestroy();
  }

  /** Stops taking what the server sends. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The next reply. @param head whether it answers a HEAD @throws Error when the connection ends before it is whole */
  async reply(head = false): Promise<RawReply> {
    const headEnd = await this.#find("\r\n\r\n");
    const [statusLine = "", ...lines] = this.#take(headEnd + 4)
      .toString("latin1")
      .trimEnd()
      .split("\r\n");
    const status = Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(statusLine)?.[1]);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    if (status === 100) return await this.reply(head);
    const empty = head || status === 204 || status === 304;
    return { status, headers, body: empty ? Buffer.alloc(0) : await this.#body(headers) };
  }

  /** Waits until the server has closed the connection. @returns what came before, beyond the replies read */
  async closed(): Promise<Buffer> {
    await this.#until(() => this.#ended);
    this.#socket.destroy();
    return this.#received;
  }

  /** Whether nothing came and the connection is open after so many ms. */
  async staysQuiet(millis: number): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, millis));
    return !this.#ended && this.#received.byteLength === 0;
  }

  async #body(headers: Readonly<Record<string, string>>): Promise<Buffer> {
    if (headers["transfer-encoding"] === "chunked") return await this.#chunks();
    const length = Number(headers["content-length"] ?? Number.NaN);
    if (Number.isNaN(length)) return await this.closed();
    await this.#until(() => this.#received.byteLength >= length || this.#ended);
    if (this.#received.byteLength < length) throw new Error("the connection ended in the middle of a reply");
    return this.#take(length);
  }

  async #chunks(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (;;) {
      const size = Number.parseInt(this.#take((await this.#find("\r\n")) + 2).toString("latin1"), 16);
      await this.#until(() => this.#received.byteLength >= size + 2 || this.#ended);
      pieces.push(this.#take(size));
      this.#take(2);
      if (size === 0) return Buffer.concat(pieces);
    }
  }

  async #find(text: string): Promise<number> {
    await this.#until(() => this.#received.includes(text) || this.#ended);
    const at = this.#received.indexOf(text);
    if (at < 0) throw new Error(`the connection ended without a reply: ${this.#received.toString("latin1")}`);
    return at;
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  async #until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + replyMillisMax;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`nothing more came in time after ${this.#received.toString("latin1")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** The head of a request. @param lines further header lines */
export function requestHead(call: string, ...lines: readonly string[]): string {
  return `${[`${call} HTTP/1.1`, "Host: localhost", ...lines].join("\r\n")}\r\n\r\n`;
}
