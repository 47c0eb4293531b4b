import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** One request with its reply, as seen between a client and the registry. */
export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly requestHeaders: IncomingMessage["headers"];
  /** 0 while there is no reply. */
  status: number;
  responseHeaders: IncomingMessage["headers"];
  requestBytes: number;
  responseBytes: number;
  /** Whether this proxy broke the reply off. */
  cut: boolean;
}

/** A recording proxy before the registry, on a port of its own. */
export interface Wire {
  /** `host:port` to give to clients. */
  readonly host: string;
  readonly exchanges: readonly Exchange[];
  /** Forgets what it saw. */
  forget(): void;
  /** Breaks the connection of the next reply to a blob's GET that has more bytes than these, once. */
  cutNextBlobAfter(bytes: number): void;
  close(): Promise<void>;
}

export interface WireOptions {
  /** Where the registry's redirects lead, with the account as its path: they are made to lead here, to be seen as well. */
  readonly storage?: string | undefined;
  /** Answers who does not say who they are as a registry does that wants a name and a password; any will do. */
  readonly guarded?: boolean;
  /** What all requests' bodies together may carry, as a thin line does. */
  readonly bytesPerSecond?: number | undefined;
}

/** Who may be answered, and where it is forwarded. */
interface Way {
  readonly registry: URL;
  readonly storage: URL | undefined;
  readonly guarded: boolean;
  /** A body's way to the registry. */
  readonly line: () => Transform | undefined;
}

/** Listens on a free loopback port and hands everything on, streaming. @param registry `host:port` */
export async function startWire(registry: string, options: WireOptions = {}): Promise<Wire> {
  const { storage, guarded = false, bytesPerSecond } = options;
  const way: Way = {
    registry: new URL(`http://${registry}`),
    storage: storage === undefined ? undefined : new URL(storage),
    guarded,
    line: bytesPerSecond === undefined ? () => undefined : thinLine(bytesPerSecond),
  };
  const exchanges: Exchange[] = [];
  const cut: { after: number | undefined } = { after: undefined };
  const server = createServer((incoming, outgoing) => {
    handOn(incoming, outgoing, way, exchanges, cut);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    exchanges,
    forget: () => {
      exchanges.length = 0;
    },
    cutNextBlobAfter: (bytes) => {
      cut.after = bytes;
    },
    close: async () => await closeServer(server),
  };
}

function handOn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  way: Way,
  exchanges: Exchange[],
  cut: { after: number | undefined },
): void {
  const exchange: Exchange = {
    method: incoming.method ?? "",
    target: incoming.url ?? "",
    requestHeaders: incoming.headers,
    status: 0,
    responseHeaders: {},
    requestBytes: 0,
    responseBytes: 0,
    cut: false,
  };
  exchanges.push(exchange);
  if (way.guarded && incoming.headers.authorization === undefined) {
    exchange.status = 401;
    const headers = { "www-authenticate": 'Basic realm="registry"', "content-length": "0" };
    outgoing.writeHead(401, headers).end();
    incoming.resume();
    return;
  }
  const { storage } = way;
  const toStorage = storage !== undefined && exchange.target.startsWith(`${storage.pathname}/`);
  const { hostname, port } = toStorage ? storage : way.registry;
  const forward = request(
    {
      hostname,
      port,
      method: exchange.method,
      path: exchange.target,
      headers: incoming.headers,
      agent: false,
    },
    (reply) => {
      exchange.status = reply.statusCode ?? 0;
      exchange.responseHeaders = reply.headers;
      const leadsTo = reply.headers.location;
      if (storage !== undefined && leadsTo?.startsWith(storage.origin)) {
        // Another name, as the storage has: under the same one clients send their tokens on, and rightly.
        const host = incoming.headers.host?.replace("127.0.0.1", "localhost") ?? "";
        const here = `http://${host}${leadsTo.slice(storage.origin.length)}`;
        outgoing.writeHead(exchange.status, { ...reply.headers, location: here });
      } else {
        outgoing.writeHead(exchange.status, reply.rawHeaders);
      }
      const isBlob = isPull(exchange);
      reply.on("data", (chunk: Buffer) => {
        exchange.responseBytes += chunk.length;
        if (isBlob && cut.after !== undefined && exchange.responseBytes > cut.after) {
          cut.after = undefined;
          exchange.cut = true;
          outgoing.destroy();
          reply.destroy();
        }
      });
      reply.on("error", () => outgoing.destroy());
      reply.pipe(outgoing);
    },
  );
  forward.on("error", () => outgoing.destroy());
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) forward.destroy();
  });
  incoming.on("data", (chunk: Buffer) => {
    exchange.requestBytes += chunk.length;
  });
  const line = way.line();
  // Only the body is slow.
  if (line !== undefined) forward.flushHeaders();
  if (line === undefined) incoming.pipe(forward);
  else incoming.pipe(line).pipe(forward);
}

/** One line that bodies share: each piece waits until those before it are through. */
function thinLine(bytesPerSecond: number): () => Transform {
  let freeAt = 0;
  return () =>
    new Transform({
      transform: (chunk: Buffer, _, done) => {
        freeAt = Math.max(freeAt, Date.now()) + (chunk.length / bytesPerSecond) * 1000;
        void sleep(freeAt - Date.now()).then(() => done(null, chunk));
      },
    });
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

/** Bytes that a client sent into uploads. */
export function uploadedBytes(wire: Wire): number {
  return wire.exchanges
    .filter(({ target }) => target.includes("/blobs/uploads/"))
    .reduce((sum, { requestBytes }) => sum + requestBytes, 0);
}

/** A blob's bytes, from the registry or from where it redirected to. */
function isPull({ method, target }: Exchange): boolean {
  return method === "GET" && (target.includes("/blobs/") || /[?&]sig=/.test(target));
}

/** Bytes of blobs that a client received. */
export function downloadedBytes(wire: Wire): number {
  return wire.exchanges.filter(isPull).reduce((sum, { responseBytes }) => sum + responseBytes, 0);
}

/** Mounts that succeeded. */
export function mounts(wire: Wire): readonly Exchange[] {
  return wire.exchanges.filter(
    ({ method, target, status }) => method === "POST" && /[?&]mount=/.test(target) && status === 201,
  );
}

/** One line an exchange, for a failure's message. */
export function transcript(wire: Wire): string {
  return wire.exchanges
    .map((one) => {
      const range = one.requestHeaders.range === undefined ? "" : ` [${one.requestHeaders.range}]`;
      const bytes = `${one.requestBytes} sent, ${one.responseBytes} received${one.cut ? ", cut" : ""}`;
      return `${one.method} ${one.target}${range} -> ${one.status} (${bytes})`;
    })
    .join("\n");
}
