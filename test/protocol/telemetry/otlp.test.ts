import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attributes, metrics } from "../../../shared/telemetry/names.ts";
import { type AzureEmulators, startAzureEmulators } from "../../support/azure-emulators.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../../support/otlp-receiver.ts";
import { startRegistry } from "../../support/registry-process.ts";
import { configType, descriptorOf, imageManifest, layerType, sha256 } from "../harness/content.ts";

const layer = Buffer.from("a layer that is told of");
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const config = Buffer.from("{}");
const manifest = imageManifest([descriptorOf(layer, layerType)], {
  config: descriptorOf(config, configType),
});
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const clientSpan = "00f067aa0ba902b7";

/** A push, a pull, what is refused, and a health check, by a registry on emulators of Azure that tells the receiver of it. */
async function exercise(base: string): Promise<void> {
  const ask = async (method: string, path: string, status: number, init: RequestInit = {}) => {
    const reply = await fetch(`${base}${path}`, { method, redirect: "manual", ...init });
    expect([method, path, reply.status]).toEqual([method, path, status]);
    await reply.arrayBuffer();
  };
  for (const blob of [layer, config]) {
    await ask("POST", `/v2/a/b/blobs/uploads/?digest=${sha256(blob)}`, 201, { body: blob });
  }
  const headers = { "content-type": manifestType };
  await ask("PUT", "/v2/a/b/manifests/v1", 201, { body: manifest, headers });
  await ask("PUT", "/v2/a/b/manifests/v2", 400, { body: "{}", headers });
  const traced = (flags: string) => ({ headers: { traceparent: `00-${traceId}-${clientSpan}-${flags}` } });
  await ask("GET", "/v2/a/b/manifests/v1", 200, traced("01"));
  await ask("GET", "/v2/a/b/tags/list", 200, traced("00"));
  await ask("GET", "/v2/a/b/manifests/gone", 404);
  await ask("HEAD", "/v2/a/b/manifests/v1", 200);
  await ask("GET", `/v2/a/b/blobs/${sha256(layer)}`, 307);
  await ask("GET", "/healthz", 200);
  // Of some queues the length is asked at the next export.
  await sleep(1_000);
}

describe("telemetry by OTLP", () => {
  let emulators: AzureEmulators;
  let receiver: OtlpReceiver;
  let folder: string;
  beforeAll(async () => {
    emulators = await startAzureEmulators();
    receiver = await startOtlpReceiver();
    folder = await mkdtemp(join(tmpdir(), "portolan-telemetry-"));
    const running = await startRegistry({
      folder,
      environment: {
        ...emulators.environment,
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_METRIC_EXPORT_INTERVAL: "500",
      },
    });
    await exercise(`http://${running.host}`);
    // What is not exported yet is exported then.
    await running.stop();
  });
  afterAll(async () => {
    await receiver.stop();
    await emulators.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("has a span for each request, which continues the client's trace and says what the request cost", () => {
    const spans = receiver.spans();
    const continued = spans.filter((span) => span.traceId === traceId);
    const server = continued.find((span) => span.parentSpanId === clientSpan);
    expect(server).toMatchObject({
      name: "GET manifest",
      kind: 2,
      attributes: {
        "http.request.method": "GET",
        "http.route": "manifest",
        "http.response.status_code": 200,
        "url.path": "/v2/a/b/manifests/v1",
        "portolan.registry": "local",
      },
    });
    const calls = continued.filter((span) => span.parentSpanId === server?.spanId);
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.every((span) => span.kind === 3 && span.name === "read azure.cosmosdb")).toBe(true);
    expect(server?.attributes["portolan.database.calls"]).toBe(calls.length);
    const charges = calls.map((span) => Number(span.attributes["azure.cosmosdb.operation.request_charge"]));
    const charged = charges.reduce((sum, charge) => sum + charge, 0);
    expect(charged).toBeGreaterThan(0);
    expect(server?.attributes["portolan.database.charge"]).toBeCloseTo(charged);
  });

  test("has spans for calls to the storage, and none for health checks and what the client does not sample", () => {
    const spans = receiver.spans();
    const push = spans.find((span) => span.name === "POST upload-start");
    const calls = spans.filter((span) => span.parentSpanId === push?.spanId).map((span) => span.name);
    expect(calls).toContain("PutBlob blob");
    const routes = new Set(spans.map((span) => span.attributes["http.route"]));
    expect(routes).toEqual(new Set(["upload-start", "manifest", "blob", undefined]));
  });

  test("counts requests by route and status, with their bytes", () => {
    const count = (metric: string, method: string, route: string, status: number) =>
      receiver
        .points(metric)
        .find(
          ({ attributes: of }) =>
            of["http.request.method"] === method &&
            of["http.route"] === route &&
            of["http.response.status_code"] === status,
        );
    const { requestDuration, requestBytes, responseBytes } = metrics;
    expect(count(requestDuration, "GET", "manifest", 200)?.count).toBe(1);
    expect(count(requestDuration, "GET", "manifest", 404)?.count).toBe(1);
    expect(count(requestDuration, "GET", "blob", 307)?.count).toBe(1);
    expect(count(requestDuration, "GET", "tags", 200)?.count).toBe(1);
    expect(count(requestDuration, "GET", "health", 200)).toBeUndefined();
    expect(count(requestBytes, "POST", "upload-start", 201)?.sum).toBe(layer.length + config.length);
    expect(count(responseBytes, "GET", "manifest", 200)?.sum).toBe(manifest.length);
    expect(count(responseBytes, "HEAD", "manifest", 200)).toBeUndefined();
  });

  test("counts pulls and pushes as Azure Container Registry does", () => {
    const counted = (metric: string) =>
      receiver.points(metric).map(({ attributes: of, value }) => [of, value]);
    const registry = { [attributes.registry]: "local" };
    expect(counted("TotalPullCount")).toEqual([[registry, 2]]);
    expect(counted("SuccessfulPullCount")).toEqual([[registry, 1]]);
    expect(counted("TotalPushCount")).toEqual([[registry, 2]]);
    expect(counted("SuccessfulPushCount")).toEqual([[registry, 1]]);
  });

  test("counts calls to the stores and their charges by the route that they are for", () => {
    const of = (metric: string, route: string, operation: [name: string, value: string]) =>
      receiver
        .points(metric)
        .filter((point) => point.attributes["http.route"] === route)
        .filter((point) => point.attributes[operation[0]] === operation[1]);
    const read: [string, string] = ["db.operation.name", "read"];
    expect(of(metrics.databaseDuration, "manifest", read)[0]?.count).toBeGreaterThan(0);
    expect(of(metrics.databaseCharge, "manifest", read)[0]?.sum).toBeGreaterThan(0);
    const put: [string, string] = ["portolan.storage.operation", "PutBlob"];
    const puts = of(metrics.storageDuration, "upload-start", put);
    // The first one found no container.
    const statuses = puts.map((point) => [point.attributes["http.response.status_code"], point.count]);
    expect(statuses.sort()).toEqual([
      [201, 2],
      [404, 1],
    ]);
  });

  test("tells how many messages wait in each queue", () => {
    const depths = receiver.points(metrics.queueDepth);
    const names = depths.map((point) => point.attributes[attributes.queue]);
    expect(names.sort()).toEqual(["collection", "collection-poison", "events", "events-poison"]);
    expect(depths.every(({ value }) => value !== undefined && value >= 0)).toBe(true);
  });

  test("has what is logged, with the trace that it belongs to", () => {
    const logs = receiver.logs();
    const start = logs.find((log) => log.body === "start");
    expect(start).toMatchObject({ severity: "info", attributes: { host: "127.0.0.1" } });
    const request = logs.find((log) => log.body === "request" && log.traceId === traceId);
    expect(request?.attributes).toMatchObject({ method: "GET", target: "/v2/a/b/manifests/v1", status: 200 });
  });
});
