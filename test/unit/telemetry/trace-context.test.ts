import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { contextOf } from "../../../shared/telemetry/trace-context.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

describe("a trace context", () => {
  it.each([
    [`00-${traceId}-${spanId}-01`, 1],
    [`00-${traceId}-${spanId}-00`, 0],
    [`cc-${traceId}-${spanId}-03-what-will-be-the-future`, 1],
  ])("is continued from %s", (traceparent, traceFlags) => {
    const context = contextOf(traceparent, "vendor=value");
    const continued = trace.getSpanContext(context);
    expect(continued).toMatchObject({ traceId, spanId, traceFlags, isRemote: true });
    expect(continued?.traceState?.get("vendor")).toBe("value");
  });

  it.each([
    [null],
    [""],
    [`ff-${traceId}-${spanId}-01`],
    [`00-${"0".repeat(32)}-${spanId}-01`],
    [`00-${traceId}-${"0".repeat(16)}-01`],
    [`00-${traceId.toUpperCase()}-${spanId}-01`],
    [`00-${traceId}-${spanId}-0`],
    [`00-${traceId}-${spanId}-010`],
  ])("begins anew after %s", (traceparent) => {
    expect(contextOf(traceparent, null)).toBe(ROOT_CONTEXT);
  });
});
