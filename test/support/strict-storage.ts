import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A front of an emulator of Blob Storage that refuses what only the emulator accepts. */
export interface StrictStorageFront {
  /** To be used in the place of the emulator's blob endpoint. */
  readonly endpoint: string;
  /** Requests that came with a signed URL, and how many of them were refused because they also said who they are. */
  readonly signed: number;
  readonly refused: number;
  stop(): Promise<void>;
}

/** What the service answers a signed URL that is called with an `Authorization` header as well. */
const refusal =
  '<?xml version="1.0" encoding="utf-8"?><Error><Code>InvalidAuthenticationInfo</Code><Message>Authentication ' +
  "information is not given in the correct format. Check the value of Authorization header.</Message></Error>";

/**
 * Listens on a free port of the loopback and passes everything on but requests with both a signature in their URL and an
 * `Authorization` header, which the service takes for a mistake. A client that sends its token on when it is redirected is found
 * out by it.
 * @param upstream base URL of the emulator's blob service, with the account as its path
 */
export async function startStrictStorageFront(upstream: string): Promise<StrictStorageFront> {
  const target = new URL(upstream);
  const agent = new Agent({ keepAlive: true });
  const count = { signed: 0, refused: 0 };
  const server = createServer((incoming, reply) => {
    const signed = new URL(incoming.url ?? "/", target).searchParams.has("sig");
    if (signed) count.signed += 1;
    if (!signed || incoming.headers.authorization === undefined) {
      pass(incoming, reply, target, agent);
      return;
    }
    count.refused += 1;
    incoming.resume();
    reply.writeHead(400, {
      "content-type": "application/xml",
      "x-ms-error-code": "InvalidAuthenticationInfo",
      "content-length": Buffer.byteLength(refusal),
    });
    reply.end(incoming.method === "HEAD" ? undefined : refusal);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}${target.pathname.replace(/\/$/, "")}`,
    get signed() {
      return count.signed;
    },
    get refused() {
      return count.refused;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}

/** Signatures cover the path, the query and some headers, but not the host, so that they hold behind the front as well. */
function pass(incoming: IncomingMessage, reply: ServerResponse, target: URL, agent: Agent): void {
  const { hostname: host, port } = target;
  const { method, url: path, headers } = incoming;
  const forwarded = request({ agent, host, port, method, path, headers }, (answer) => {
    reply.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(reply);
    answer.on("error", () => reply.destroy());
  });
  forwarded.on("error", () => incoming.socket.destroy());
  reply.on("close", () => {
    if (!reply.writableFinished) forwarded.destroy();
  });
  incoming.pipe(forwarded);
}
