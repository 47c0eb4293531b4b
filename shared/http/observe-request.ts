import { spanAttributes } from "../telemetry/names.ts";
import { redactTarget } from "../telemetry/redact.ts";
import type { ObservedRequest, Telemetry } from "../telemetry/telemetry.ts";
import type { IncomingRequest, Reply } from "./exchange.ts";
import { bytesOf } from "./request-log.ts";
import { parseRoute } from "./route.ts";
import { splitTarget } from "./target.ts";

/** Characters of an attribute that a client decides on. */
const attributeCharsMax = 512;

/** Tells telemetry of a request; not of a health check, which says nothing and comes all the time. */
export function observeRequest(telemetry: Telemetry, request: IncomingRequest): ObservedRequest | undefined {
  const { method, url, headers } = request;
  const route = parseRoute(splitTarget(url).path)?.kind;
  if (route === "health" || route === "readiness") return undefined;
  return telemetry.startRequest({
    method,
    route,
    traceparent: headers.get("traceparent"),
    tracestate: headers.get("tracestate"),
    describe: () => describe(request),
  });
}

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span */
function describe({ url, headers }: IncomingRequest): Record<string, string> {
  const { host, path, query } = splitTarget(redactTarget(url));
  const told = {
    [spanAttributes.scheme]: headers.get("x-forwarded-proto") === "https" ? "https" : "http",
    [spanAttributes.host]: (host ?? headers.get("host") ?? "").replace(/:[0-9]+$/, ""),
    [spanAttributes.path]: path,
    [spanAttributes.query]: query,
    [spanAttributes.client]: headers.get("user-agent") ?? "",
  };
  const said = Object.entries(told).filter(([, value]) => value !== "");
  return Object.fromEntries(said.map(([name, value]) => [name, value.slice(0, attributeCharsMax)]));
}

/** Tells how it was answered. @returns the reply, whose body is followed to its end if it is still to come */
export function observeReply(observed: ObservedRequest, reply: Reply, bytesIn: number): Reply {
  const end = { status: reply.status, bytesIn, bytesOut: Number(bytesOf(reply)) };
  if (reply.body === undefined || typeof reply.body === "string" || reply.body instanceof Uint8Array) {
    observed.end(end);
    return reply;
  }
  return { ...reply, body: observed.follow(reply.body, end) };
}
