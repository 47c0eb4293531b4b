import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reply } from "../shared/http/exchange.ts";

/** Bytes and ms for which an unwanted body is still taken in, so that its sender gets to read the reply. */
const lingerBytesMax = 64 * 1024 * 1024;
const lingerMillis = 5_000;

type WholeBody = string | Uint8Array | undefined;

/** Replies to be sent at the end of this turn of the event loop. */
const ready: { readonly response: ServerResponse; readonly body: WholeBody }[] = [];

/** Writes a reply at the pace at which the client takes it. */
export async function sendReply(
  reply: Reply,
  customHeaders: Readonly<Record<string, string>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, headers, body } = reply;
  response.writeHead(status, { ...customHeaders, ...headers });
  const closing = headers["connection"] === "close" && !request.complete;
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
    if (!closing) {
      sendSoon(response, body);
      return;
    }
    if (body === undefined) response.flushHeaders();
    else response.write(body);
  } else {
    await pump(body, response);
  }
  if (closing) await linger(request);
  response.end();
}

/**
 * Sends whole replies together, once everything that arrived in this turn of the event loop is answered, as Redis does. Each
 * write wakes its receiver; between replies that are written one by one it falls asleep again, and to wake it costs more than the
 * reply.
 */
function sendSoon(response: ServerResponse, body: WholeBody): void {
  if (ready.push({ response, body }) === 1) setImmediate(sendReady);
}

function sendReady(): void {
  for (const { response, body } of ready.splice(0)) response.end(body);
}

/** Stops reading when the client is gone, and ends the source either way. Gives each piece back once the kernel has it. */
async function pump(body: AsyncIterable<Uint8Array>, response: ServerResponse): Promise<void> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    let next = await pieces.next();
    while (next.done !== true && !response.destroyed) {
      await written(response, next.value);
      next = await pieces.next(next.value);
    }
  } finally {
    await pieces.return?.();
  }
}

/** Resolves when the kernel has the piece, or the client is gone. */
async function written(response: ServerResponse, piece: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      response.off("close", done);
      resolve();
    };
    response.once("close", done).write(piece, done);
  });
}

/** To close a connection with unread data resets it, and the reply that is on its way is lost with it. */
async function linger(request: IncomingMessage): Promise<void> {
  let bytes = 0;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, lingerMillis);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once("end", done).once("close", done).once("error", done);
    // While somebody waits for "readable", nothing flows.
    request.removeAllListeners("readable");
    request.on("data", (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      if (bytes > lingerBytesMax) done();
    });
    request.resume();
  });
}
