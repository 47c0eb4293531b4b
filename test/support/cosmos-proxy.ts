import http from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/**
 * What becomes of a request: it is answered here and not passed on; its connection is cut before it is passed on, or after,
 * or in the middle of the answer; or it is never answered; or it is held back for a while; or its connection is cut, and it is
 * passed on at some later time.
 */
export type Fault =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | { readonly hold: Promise<unknown> }
  | { readonly late: Promise<unknown> }
  | "cut before"
  | "cut after"
  | "cut within"
  | "stall";

/** A proxy on the loopback that does to requests what a test wants done to them. */
export class CosmosProxy {
  readonly seen: SeenRequest[] = [];
  /** Asked for each request; undefined lets it through unharmed. */
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  readonly #upstream: URL;
  readonly #server: http.Server;

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
    this.#server = http.createServer((incoming, outgoing) => {
      this.#serve(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  static async before(upstream: string): Promise<CosmosProxy> {
    const made = new CosmosProxy(upstream);
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
  }

  async #serve(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request: SeenRequest = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.seen.push(request);
    const fault = this.fault(request);
    if (fault === "stall") return;
    if (fault === "cut before") {
      incoming.socket.destroy();
      return;
    }
    if (typeof fault === "object" && "late" in fault) {
      incoming.socket.destroy();
      await fault.late;
      await this.#pass(request);
      return;
    }
    if (typeof fault === "object" && "hold" in fault) await fault.hold;
    if (typeof fault === "object" && "status" in fault) {
      outgoing.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
      outgoing.end(fault.body ?? '{"code":"Fault","message":"by order of a test"}');
      return;
    }
    const { status, headers, body } = await this.#pass(request);
    if (fault === "cut after") {
      incoming.socket.destroy();
      return;
    }
    const { "transfer-encoding": _, connection: __, ...kept } = headers;
    outgoing.writeHead(status, { ...kept, "content-length": body.length });
    if (fault === "cut within") {
      outgoing.write(body.subarray(0, body.length >> 1), () => incoming.socket.destroy());
      return;
    }
    outgoing.end(body);
  }

  #pass(request: SeenRequest): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }> {
    const { hostname, port } = this.#upstream;
    const { method, path, headers } = request;
    return new Promise((resolve, reject) => {
      const passed = http.request({ host: hostname, port, method, path, headers }, (response) => {
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
      });
      passed.on("error", reject);
      passed.end(request.body);
    });
  }
}
