import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { IncomingRequest, Reply } from "../shared/http/exchange.ts";
import type { Router } from "./router.ts";
import { sendReply } from "./send-reply.ts";

/** ms that headers may take to arrive, and that an idle connection is kept for its next request. */
const headersMillis = 60_000;
const keepAliveMillis = 75_000;
/** Bytes of a request's headers. */
const headerBytesMax = 32 * 1024;

/**
 * An HTTP server that answers with the registered functions. It calls them directly: the library's own request and response
 * classes cost more than the registry's whole work on a manifest.
 * @param customHeaders of host.json, for every reply
 */
export function createHost(router: Router, customHeaders: Readonly<Record<string, string>>): Server {
  const server = createServer({
    maxHeaderSize: headerBytesMax,
    keepAliveTimeout: keepAliveMillis,
    noDelay: true,
  });
  server.headersTimeout = headersMillis;
  // The registry bounds how long a body may take, and how long it may stall.
  server.requestTimeout = 0;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void respond(router, customHeaders, request, response);
  });
  return server;
}

async function respond(
  router: Router,
  customHeaders: Readonly<Record<string, string>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "GET", url = "/" } = request;
  // Whoever else reads two could mean another registry than this one does: RFC 9112 3.2 wants them refused.
  if (countHosts(request.rawHeaders) > 1) {
    const headers = { "content-length": "0", connection: "close" };
    await sendReply({ status: 400, headers }, customHeaders, request, response);
    return;
  }
  const routed = router.find(method, decodedPath(url));
  if (routed === undefined) {
    await sendReply({ status: 404, headers: { "content-length": "0" } }, customHeaders, request, response);
    return;
  }
  try {
    const reply = (await routed.callback(incoming(request, method, url), undefined)) as Reply;
    await sendReply(reply, customHeaders, request, response);
  } catch {
    // What handlers throw, they have logged; the client must not take half an answer for a whole one.
    if (response.headersSent) response.destroy();
    else response.writeHead(500, { "content-length": "0", connection: "close" }).end();
  }
}

function incoming(request: IncomingMessage, method: string, url: string): IncomingRequest {
  const { headers } = request;
  const hasBody = headers["transfer-encoding"] !== undefined || headers["content-length"] !== undefined;
  return {
    method,
    url,
    headers: {
      get: (name) => {
        const value = headers[name];
        return value === undefined ? null : typeof value === "string" ? value : value.join(", ");
      },
    },
    body: hasBody && headers["content-length"] !== "0" ? request : null,
    // Never absent, even if the connection is gone: nobody else has a say in it.
    peer: request.socket.remoteAddress ?? "",
  };
}

/** @param rawHeaders names and values in turn */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === "host") count += 1;
  }
  return count;
}

/** What ASP.NET matches against: decoded but for slashes. Handlers get the raw target. */
function decodedPath(url: string): string {
  const mark = url.indexOf("?");
  const start = url.startsWith("/") ? 1 : pathStart(url);
  const path = url.slice(start, mark < 0 ? undefined : mark);
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path.replaceAll(/%2f/gi, "%252F"));
  } catch {
    return path;
  }
}

function pathStart(url: string): number {
  const authority = url.indexOf("://");
  const slash = url.indexOf("/", authority < 0 ? 0 : authority + 3);
  return slash < 0 ? url.length : slash + 1;
}
