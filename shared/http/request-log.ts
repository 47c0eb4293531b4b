import type { Log } from "../telemetry/log.ts";
import { logEvents, timestamp } from "../telemetry/log.ts";
import type { IncomingRequest, Reply } from "./exchange.ts";

/** Characters of a target that are logged: it can hold anything. */
const targetCharsLogged = 512;

/** An error that the registry did not expect, with its stack. */
export function logFailure(log: Log, request: IncomingRequest, failure: unknown): void {
  const error = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
  log.write("error", "failure", {
    method: request.method,
    target: request.url.slice(0, targetCharsLogged),
    error,
  });
}

/**
 * One line for a request, preformatted, since it is written for each.
 * @param bytesIn bytes of the request's body
 * @param millis until the reply's first byte
 */
export function logRequest(
  log: Log,
  request: IncomingRequest,
  reply: Reply,
  bytesIn: number,
  millis: number,
): void {
  if (!log.writes("info")) return;
  log.writeLine(
    "info",
    `{"time":"${timestamp()}","level":"info","event":"${logEvents.request}",` +
      `"method":${JSON.stringify(request.method)},"target":${JSON.stringify(request.url.slice(0, targetCharsLogged))},` +
      `"status":${reply.status},"bytesIn":${bytesIn},"bytesOut":${reply.body === undefined ? 0 : (reply.headers["content-length"] ?? 0)},` +
      `"millis":${millis.toFixed(1)},"client":${JSON.stringify(request.headers.get("user-agent") ?? "")}}`,
  );
}
