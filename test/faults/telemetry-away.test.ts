import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test, vi } from "vitest";
import { serve } from "../../shared/http/serve.ts";
import { otlpExporters } from "../../shared/telemetry/exporters.ts";
import { createLog } from "../../shared/telemetry/log.ts";
import { openTelemetry } from "../../shared/telemetry/open.ts";
import { incoming, openMemoryRegistry, readReply } from "../protocol/harness/memory-registry.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";

const requests = 40_000;
/** Spans and records that wait are some MB; all of them would be a hundred. */
const heapBytesMax = 30_000_000;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** A registry whose telemetry goes to an endpoint. */
async function openRegistry(endpoint: string) {
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
  const failures: string[] = [];
  const telemetry = openTelemetry(await otlpExporters(), {
    metricMillis: 200,
    onFailure: (signal, failure) => failures.push(`${signal}: ${failure}`),
  });
  const { service } = await openMemoryRegistry();
  const log = createLog("info", () => {}, telemetry.log);
  const observed = { ...service, log, telemetry };
  const call = { method: "GET", target: "/v2/", headers: {}, body: undefined, streamed: false };
  const ask = async () => (await readReply(await serve(observed, incoming(call)))).status;
  return { telemetry, failures, ask };
}

/** @returns bytes by which the heap grew */
async function askOften(ask: () => Promise<number>): Promise<number> {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < requests; count += 1) {
    if ((await ask()) !== 200) throw new Error("a request failed");
    // So that timers run, as they do between requests that come by a socket.
    if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  collectGarbage();
  return process.memoryUsage().heapUsed - before;
}

describe("telemetry whose endpoint is away", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("fails no request, gathers no memory and lets the process end when the endpoint never answers", async () => {
    const receiver = await startOtlpReceiver(() => {});
    const { telemetry, ask } = await openRegistry(receiver.endpoint);
    const grown = await askOften(ask);
    expect(receiver.bodies.length).toBeGreaterThan(0);
    const received = receiver.bodies.reduce((sum, body) => sum + 4 * body.length, 0);
    expect(grown - received).toBeLessThan(heapBytesMax);
    const startedAt = performance.now();
    await telemetry.close();
    expect(performance.now() - startedAt).toBeLessThan(7_000);
    await receiver.stop();
  });

  test("fails no request, gathers no memory and says so once when nobody listens", async () => {
    const closed = createServer();
    closed.listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const { telemetry, failures, ask } = await openRegistry(`http://127.0.0.1:${port}`);
    expect(await askOften(ask)).toBeLessThan(heapBytesMax);
    await telemetry.close();
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/^(spans|metrics|logs): [A-Za-z ]+$/);
  });
});
