import { type Context, createTraceState, ROOT_CONTEXT, type TraceFlags, trace } from "@opentelemetry/api";

const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
/** Characters of a tracestate; what is longer is not handed on. */
const stateCharsMax = 512;

/**
 * The context that a client's headers describe, or the root when they describe none.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function contextOf(traceparent: string | null, tracestate: string | null): Context {
  const [, traceId, spanId, flags] = traceparent === null ? [] : (form.exec(traceparent.trim()) ?? []);
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const traceFlags: TraceFlags = Number.parseInt(flags, 16) & 1;
  const state = tracestate !== null && tracestate.length <= stateCharsMax ? tracestate : undefined;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  });
}
