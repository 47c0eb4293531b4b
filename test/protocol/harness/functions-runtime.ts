import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { doors } from "../../../functions/doors.ts";
import { Router } from "../../../host/router.ts";
import type { FromWorker, ToWorker, TriggerInvocation, WorkerOptions } from "./functions-messages.ts";
import { sendCall } from "./http-client.ts";
import type { Registry } from "./registry.ts";

/** The application behind the library's invocation model and stream proxy, as it is in Azure. */
export interface FunctionsRuntime extends Registry {
  readonly port: number;
  /** ms that each server which the library opened gives a request; 0: any. */
  readonly requestTimeoutMillis: readonly number[];
  /**
   * Invokes a function that something else than HTTP triggers.
   * @throws Error with what the function threw, at which the runtime would deliver a message again
   */
  trigger(name: string, data: TriggerInvocation["data"]): Promise<void>;
  /** The most memory that the worker has had so far. */
  peakBytes(): Promise<number>;
}

/** Names that HTTP/1.1 keeps between two hosts. */
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"]);
const idHeader = "x-ms-invocation-id";

/**
 * Does what the Functions runtime does with HTTP: routes a request to a function, tells the worker of the invocation, and
 * forwards the request to the library's server under the invocation's id, unless the client sent one itself. A reply
 * that comes before the request's body was read is lost, and the client gets a 500. With `WEBSITE_SITE_NAME` in the environment, the
 * front end of App Service stands before it, which adds the client's address and port at the end of `X-Forwarded-For`.
 * @see https://github.com/Azure/azure-functions-host/blob/dev/src/WebJobs.Script.Grpc/Server/DefaultHttpProxyService.cs
 */
export async function openFunctionsRuntime(
  options: WorkerOptions,
  environment: Readonly<Record<string, string>> = {},
): Promise<FunctionsRuntime> {
  const folder = await mkdtemp(join(tmpdir(), "portolan-functions-"));
  const worker = fork(join(import.meta.dirname, "functions-worker.ts"), [JSON.stringify(options)], {
    execArgv: [],
    env: { ...process.env, DATA_DIR: join(folder, "data"), LOG_LEVEL: "silent", ...environment },
  });
  const ready = await message(worker, "ready");
  const front = new Front(worker, ready.uri, (environment["WEBSITE_SITE_NAME"] ?? "") !== "");
  const server = createServer((incoming, outgoing) => front.accept(incoming, outgoing));
  server.requestTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  return {
    port,
    everyAnswer: {},
    requestTimeoutMillis: ready.requestTimeoutMillis,
    send: async (call) => await sendCall(call, "127.0.0.1", port, agent),
    trigger: async (name, data) => {
      const id = randomUUID();
      const done = doneWith(worker, id);
      tell(worker, { kind: "trigger", id, name, data });
      const { failure } = await done;
      if (failure !== undefined) throw new Error(failure);
    },
    peakBytes: async () => {
      tell(worker, { kind: "memory" });
      return (await message(worker, "memory")).peakBytes;
    },
    close: async () => {
      agent.destroy();
      await close(server);
      worker.kill("SIGKILL");
      await once(worker, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function message<K extends FromWorker["kind"]>(
  worker: ChildProcess,
  kind: K,
): Promise<Extract<FromWorker, { kind: K }>> {
  return await new Promise((resolve, reject) => {
    const end = (code: unknown) => reject(new Error(`the worker ended with ${String(code)}`));
    worker.once("exit", end);
    const take = (told: FromWorker) => {
      if (told.kind !== kind) return;
      worker.off("message", take).off("exit", end);
      resolve(told as Extract<FromWorker, { kind: K }>);
    };
    worker.on("message", take);
  });
}

async function doneWith(worker: ChildProcess, id: string): Promise<{ readonly failure?: string }> {
  for (;;) {
    const done = await message(worker, "done");
    if (done.id === id) return done;
  }
}

function tell(worker: ChildProcess, told: ToWorker): void {
  worker.send(told);
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}

class Front {
  readonly #worker: ChildProcess;
  readonly #uri: URL;
  readonly #isInAzure: boolean;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #waiting = new Map<string, ServerResponse>();
  readonly #router = new Router(
    doors.map(({ name, methods, route }) => ({
      metadata: { name, bindings: { trigger: { type: "httpTrigger", direction: "in", methods, route } } },
      callback: () => undefined,
    })),
    "",
  );
  #accepted = 0;

  constructor(worker: ChildProcess, uri: string, isInAzure: boolean) {
    this.#worker = worker;
    this.#uri = new URL(uri);
    this.#isInAzure = isInAzure;
    worker.on("message", (told: FromWorker) => {
      if (told.kind !== "done") return;
      const response = this.#waiting.get(told.id);
      this.#waiting.delete(told.id);
      if (told.failure !== undefined && response !== undefined) fail(response, told.failure);
    });
  }

  accept(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = "GET", url = "/" } = incoming;
    const [path = "", query = ""] = url.split("?", 2);
    const routed = this.#router.find(method, decoded(path.slice(1)));
    if (routed === undefined) {
      outgoing.writeHead(404, { "content-length": "0" }).end();
      return;
    }
    const id = randomUUID();
    this.#waiting.set(id, outgoing);
    const announce = () =>
      tell(this.#worker, {
        kind: "invoke",
        id,
        name: routed.metadata.name,
        headers: this.#headersOf(incoming, ","),
        query: Object.fromEntries(new URLSearchParams(query)),
        path: path.startsWith("/v2/") ? path.slice("/v2/".length) : undefined,
      });
    const forward = () => this.#forward(id, incoming, outgoing);
    // Either may reach the worker first.
    const [first, second] = this.#accepted++ % 2 === 0 ? [announce, forward] : [forward, announce];
    first();
    setTimeout(second, 1);
  }

  #headersOf(incoming: IncomingMessage, separator: string): Record<string, string> {
    const headers = joinedHeaders(incoming, separator);
    if (!this.#isInAzure) return headers;
    const { remoteAddress, remotePort } = incoming.socket;
    const { "x-forwarded-for": before, ...others } = headers;
    const asked = `${remoteAddress}:${remotePort}`;
    return { ...others, "x-forwarded-for": before === undefined ? asked : `${before}, ${asked}` };
  }

  #forward(id: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { host = "" } = incoming.headers;
    const headers = this.#headersOf(incoming, ", ");
    for (const name of hopByHop) delete headers[name];
    const chunked = incoming.headers["transfer-encoding"] !== undefined;
    const proxied = request({
      hostname: this.#uri.hostname,
      port: this.#uri.port,
      agent: this.#agent,
      method: incoming.method,
      path: incoming.url,
      headers: {
        [idHeader]: id,
        ...headers,
        "x-forwarded-host": host,
        "x-forwarded-proto": "http",
        ...(chunked ? { "transfer-encoding": "chunked" } : {}),
      },
    });
    proxied.once("response", (reply) => {
      if (incoming.readableEnded) relay(reply, outgoing);
      else fail(outgoing, "ForwarderError: RequestBodyDestination");
    });
    proxied.on("error", (error) => fail(outgoing, `ForwarderError: ${error.message}`));
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) proxied.destroy();
    });
    incoming.pipe(proxied);
  }
}

function relay(reply: IncomingMessage, outgoing: ServerResponse): void {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(reply.headers)) {
    if (value !== undefined && !hopByHop.has(name)) headers[name] = value;
  }
  outgoing.writeHead(reply.statusCode ?? 500, headers);
  reply.pipe(outgoing);
}

function fail(outgoing: ServerResponse, reason: string): void {
  if (outgoing.headersSent) return;
  outgoing.writeHead(500, { "content-type": "text/plain" }).end(reason);
  // To the client, whose request may still be coming, the connection stays what it is.
  outgoing.req.unpipe();
  outgoing.req.resume();
}

/** Every header once; .NET joins the values of several lines in one way for the invocation and in another on the wire. */
function joinedHeaders(incoming: IncomingMessage, separator: string): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
    joined[name] = values.join(separator);
  }
  return joined;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path.replaceAll(/%2f/gi, "%252F"));
  } catch {
    return path;
  }
}
