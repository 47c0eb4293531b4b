import type { Log } from "../telemetry/log.ts";
import { logEvents, timestamp } from "../telemetry/log.ts";
import { redactTarget } from "../telemetry/redact.ts";
import type { IncomingRequest, Reply } from "./exchange.ts";

/** Characters of a target that are logged: it can hold anything. */
const targetCharsLogged = 512;

/** An error that the registry did not expect, with its stack. */
export function logFailure(log: Log, request: IncomingRequest, failure: unknown): void {
  const error = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
  log.write("error", "failure", {
    method: request.method,
    target: redactTarget(request.url).slice(0, targetCharsLogged),
    error,
  });
}

/**
 * One line for a request, preformatted, since it is written for each.
 * @param sample the part of all requests that get one, from 0 to 1; a request that the registry failed always does
 * @param bytesIn bytes of the request's body
 * @param millis until the reply's first byte
 */
export function logRequest(
  log: Log,
  sample: number,
  request: IncomingRequest,
  reply: Reply,
  bytesIn: number,
  millis: number,
): void {
  if (!log.writes("info")) return;
  if (sample < 1 && reply.status < 500 && Math.random() >= sample) return;
  log.writeLine(
    "info",
    `{"time":"${timestamp()}","level":"info","event":"${logEvents.request}",` +
      `"method":${JSON.stringify(request.method)},"target":${JSON.stringify(redactTarget(request.url).slice(0, targetCharsLogged))},` +
      `"status":${reply.status},"bytesIn":${bytesIn},"bytesOut":${bytesOf(reply)},` +
      `"millis":${millis.toFixed(1)},"client":${JSON.stringify(request.headers.get("user-agent") ?? "")}}`,
  );
}

/** Bytes that a reply announces, as its header has them; 0 when it has no body, or does not say. */
export function bytesOf(reply: Reply): string {
  return reply.body === undefined ? "0" : (reply.headers["content-length"] ?? "0");
}
