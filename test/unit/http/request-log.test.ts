import fc from "fast-check";
import { expect, test } from "vitest";
import type { IncomingRequest } from "../../../shared/http/exchange.ts";
import { logFailure, logRequest } from "../../../shared/http/request-log.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { redactTarget } from "../../../shared/telemetry/redact.ts";

function requestTo(url: string, method = "GET", userAgent: string | null = null): IncomingRequest {
  const headers = { get: (name: string) => (name === "user-agent" ? userAgent : null) };
  return { method, url, headers, body: null };
}

function logged(write: (log: ReturnType<typeof createLog>) => void, level: "info" | "warn" = "info"): string {
  let text = "";
  const log = createLog(level, (lines) => {
    text += lines;
  });
  write(log);
  log.flush();
  return text;
}

test("a request is one line of JSON, whatever its method, target and client hold", () => {
  const text = fc.string({ unit: "binary", maxLength: 600 });
  fc.assert(
    fc.property(
      text,
      text,
      fc.option(text),
      fc.integer({ min: 100, max: 599 }),
      (method, url, client, status) => {
        const headers = { "content-length": "5" };
        const lines = logged((log) =>
          logRequest(log, 1, requestTo(url, method, client), { status, headers, body: "12345" }, 7, 1.26),
        );
        expect(lines.indexOf("\n")).toBe(lines.length - 1);
        expect(JSON.parse(lines)).toEqual({
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          level: "info",
          event: "request",
          method,
          target: redactTarget(url).slice(0, 512),
          status,
          bytesIn: 7,
          bytesOut: 5,
          millis: 1.3,
          client: client ?? "",
        });
      },
    ),
  );
});

test("a reply without a body, as to HEAD, counts as no bytes, and one of unknown length as none", () => {
  const bytesOut = (headers: Record<string, string>, body?: string) =>
    JSON.parse(
      logged((log) =>
        logRequest(
          log,
          1,
          requestTo("/"),
          body === undefined ? { status: 200, headers } : { status: 200, headers, body },
          0,
          0,
        ),
      ),
    ).bytesOut;
  expect(bytesOut({ "content-length": "99" })).toBe(0);
  expect(bytesOut({}, "x")).toBe(0);
});

test("requests are not logged above their level, failures are", () => {
  expect(
    logged((log) => logRequest(log, 1, requestTo("/"), { status: 200, headers: {} }, 0, 0), "warn"),
  ).toBe("");
  for (const failure of [new Error("boom"), "boom"]) {
    const line = logged((log) => logFailure(log, requestTo("/v2/\n"), failure), "warn");
    expect(JSON.parse(line)).toMatchObject({
      level: "error",
      event: "failure",
      method: "GET",
      target: "/v2/\n",
    });
    expect(JSON.parse(line).error).toContain("boom");
  }
});

test("of requests that went well as many are logged as the sample says, of those that failed all", () => {
  const count = (sample: number, status: number) => {
    const lines = logged((log) => {
      for (let request = 0; request < 2_000; request += 1) {
        logRequest(log, sample, requestTo("/"), { status, headers: {} }, 0, 0);
      }
    });
    return lines.split("\n").length - 1;
  };
  expect(count(1, 200)).toBe(2_000);
  expect(count(0, 200)).toBe(0);
  expect(count(0, 499)).toBe(0);
  expect(count(0, 500)).toBe(2_000);
  const tenth = count(0.1, 200);
  expect(tenth).toBeGreaterThan(100);
  expect(tenth).toBeLessThan(320);
});

test("neither a request nor a failure is logged with what its target opens", () => {
  const url = "/v2/a/blobs/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV.local.tp0q81.sha256.c2VjcmV0?sig=c2VjcmV0";
  const lines = logged((log) => {
    logRequest(log, 1, requestTo(url), { status: 202, headers: {} }, 0, 0);
    logFailure(log, requestTo(url), new Error("at ?sig=c2VjcmV0"));
  });
  expect(lines).not.toContain("c2VjcmV0");
  expect(lines.match(/01ARZ3NDEKTSV4RRFFQ69G5FAV\.REDACTED\?sig=REDACTED/g)).toHaveLength(2);
});
