import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";

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

/** Listens on a free loopback port and hands everything on, streaming. */
export async function startWire(registry: string): Promise<Wire> {
  const exchanges: Exchange[] = [];
  const cut: { after: number | undefined } = { after: undefined };
  const server = createServer((incoming, outgoing) => {
    handOn(incoming, outgoing, registry, exchanges, cut);
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
  registry: string,
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
  const [hostname, port] = registry.split(":");
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
      outgoing.writeHead(exchange.status, reply.rawHeaders);
      const isBlob = exchange.method === "GET" && exchange.target.includes("/blobs/");
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
  incoming.pipe(forward);
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

/** Bytes of blobs that a client received. */
export function downloadedBytes(wire: Wire): number {
  return wire.exchanges
    .filter(({ method, target }) => method === "GET" && target.includes("/blobs/"))
    .reduce((sum, { responseBytes }) => sum + responseBytes, 0);
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
