import http from "node:http";
import { createRequire } from "node:module";

/** What of the worker's programming model is needed here. */
interface InvocationContext {
  readonly invocationId: string;
  readonly metadata: {
    readonly bindings?: Readonly<Record<string, { readonly type?: string | null }>> | null;
  };
  readonly request: {
    /** Everything of the HTTP request but its body. */
    readonly triggerMetadata?: Record<string, { readonly json?: string | null }> | null;
  };
}
interface ProgrammingModel {
  getInvocationModel(context: InvocationContext): unknown;
}

/** An invocation that waits for its request. */
interface Announced {
  readonly id: string;
  /** Makes the invocation that of this request. */
  readonly adopt: (request: http.IncomingMessage) => void;
}

const header = "x-ms-invocation-id";
/** ms that a request waits for its invocation. */
const waitMillis = 60_000;
/** Requests that may wait at once, and invocations; the runtime brings both within milliseconds. */
const waitingMax = 1_000;
const announcedMax = 10_000;

/**
 * Defuses two traps of the server by which the Functions runtime streams HTTP bodies to its library, which the library
 * opens once all doors are registered:
 *
 * - Node cuts a request after 300 s; a large layer over a slow line takes longer. The registry has limits of its own.
 * - The runtime names each request's invocation in a header, but lets one that the client sent win: the invocation then waits for
 *   a request that never comes. The client's value also arrives with the invocation, and so the two are brought together. Several
 *   may carry one value: any of their invocations does for any of their requests, since all doors do the same, but for
 *   the headers, which the library takes from the invocation; they are made the request's own.
 */
export function guardStreamServer(): void {
  const invocations = new Invocations();
  guardModel(invocations);
  const createServer = http.createServer;
  const guarded = (...args: unknown[]) => {
    const server = Reflect.apply(createServer, http, args) as http.Server;
    // Whoever else opens a server in this process says what it is for; only the library's has no arguments.
    if (args.length > 0) return server;
    http.createServer = createServer;
    server.requestTimeout = 0;
    const emit = server.emit.bind(server);
    server.emit = (event: string, ...rest: unknown[]) => {
      if (event !== "request") return emit(event, ...rest);
      const [request, response] = rest as [http.IncomingMessage, http.ServerResponse];
      invocations.meet(request, response, () => emit(event, ...rest));
      return true;
    };
    return server;
  };
  http.createServer = guarded as typeof http.createServer;
}

function guardModel(invocations: Invocations): void {
  const core = createRequire(import.meta.url)("@azure/functions-core") as {
    getProgrammingModel(): ProgrammingModel;
  };
  const model = core.getProgrammingModel();
  const original = model.getInvocationModel.bind(model);
  model.getInvocationModel = (context) => {
    if (isHttp(context)) announce(invocations, context);
    return original(context);
  };
}

function announce(invocations: Invocations, context: InvocationContext): void {
  const { invocationId: id, request } = context;
  const { triggerMetadata } = request;
  const sentByClient = clientValue(triggerMetadata?.["Headers"]?.json ?? "{}");
  const adopt = ({ headers }: http.IncomingMessage) => {
    if (sentByClient !== undefined && triggerMetadata)
      triggerMetadata["Headers"] = { json: JSON.stringify(headers) };
  };
  invocations.announce(sentByClient ?? id, { id, adopt });
}

function isHttp(context: InvocationContext): boolean {
  const bindings = Object.values(context.metadata.bindings ?? {});
  return bindings.some((binding) => binding.type?.toLowerCase() === "httptrigger");
}

/** What the client itself sent in the header, if anything. */
function clientValue(json: string): string | undefined {
  const headers = JSON.parse(json) as Record<string, unknown>;
  const name = Object.keys(headers).find((key) => key.toLowerCase() === header);
  const value = name === undefined ? undefined : headers[name];
  return typeof value === "string" ? joined(value) : undefined;
}

/** A header sent twice is one value, and each side has its own way to join them. */
function joined(value: string): string {
  return value.replaceAll(" ", "");
}

/** Brings invocations and their requests together, whichever comes first. */
class Invocations {
  /** By the value that the request carries. */
  readonly #announced = new Map<string, Announced[]>();
  readonly #waiting = new Map<string, ((invocation: Announced) => void)[]>();

  announce(key: string, invocation: Announced): void {
    const waiting = this.#waiting.get(key)?.shift();
    if (waiting !== undefined) {
      waiting(invocation);
      return;
    }
    add(this.#announced, key, invocation);
    const oldest = this.#announced.keys().next().value;
    if (this.#announced.size > announcedMax && oldest !== undefined) this.#announced.delete(oldest);
  }

  /** Goes on with the request under its invocation's id, once that is known. */
  meet(request: http.IncomingMessage, response: http.ServerResponse, goOn: () => void): void {
    const value = request.headers[header];
    const key = typeof value === "string" ? joined(value) : "";
    const resume = (invocation: Announced) => {
      request.headers[header] = invocation.id;
      invocation.adopt(request);
      goOn();
    };
    const invocation = this.#announced.get(key)?.shift();
    if (invocation !== undefined) {
      if (this.#announced.get(key)?.length === 0) this.#announced.delete(key);
      resume(invocation);
      return;
    }
    if (this.#waiting.size >= waitingMax) {
      refuse(response);
      return;
    }
    const timer = setTimeout(() => {
      remove(this.#waiting, key, waiting);
      refuse(response);
    }, waitMillis);
    const waiting = (announced: Announced) => {
      clearTimeout(timer);
      remove(this.#waiting, key, waiting);
      resume(announced);
    };
    add(this.#waiting, key, waiting);
  }
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function remove<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key)?.filter((other) => other !== value) ?? [];
  if (list.length === 0) map.delete(key);
  else map.set(key, list);
}

function refuse(response: http.ServerResponse): void {
  response.writeHead(503, { connection: "close", "retry-after": "1" }).end();
}
