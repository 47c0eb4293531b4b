import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { monitorExporters } from "../../../shared/azure/monitor.ts";
import { openTelemetry } from "../../../shared/telemetry/open.ts";

const key = "00000000-0000-0000-0000-0000000000ab";
const connectionString = `InstrumentationKey=${key};IngestionEndpoint=https://ingestion.invalid/`;

type HttpClient = NonNullable<NonNullable<Parameters<typeof monitorExporters>[1]>["httpClient"]>;

/** What Application Insights is sent, as it documents it. */
interface Envelope {
  readonly name: string;
  readonly iKey: string;
  readonly data: { readonly baseType: string; readonly baseData: Readonly<Record<string, unknown>> };
}

/** Takes everything as the service does. */
function acceptAll(): { client: HttpClient; envelopes: Envelope[]; urls: string[] } {
  const envelopes: Envelope[] = [];
  const urls: string[] = [];
  const client: HttpClient = {
    sendRequest: async (request) => {
      urls.push(request.url);
      const { body } = request;
      const text = typeof body === "string" ? body : gunzipSync(body as Uint8Array).toString();
      const sent = JSON.parse(text) as Envelope[];
      envelopes.push(...sent);
      const answer = { itemsReceived: sent.length, itemsAccepted: sent.length, errors: [] };
      return { request, status: 200, headers: request.headers, bodyAsText: JSON.stringify(answer) };
    },
  };
  return { client, envelopes, urls };
}

test("Application Insights gets requests, dependencies, metrics, traces and exceptions, and no statistics of the library", async () => {
  const { client, envelopes, urls } = acceptAll();
  const exporters = await monitorExporters({ connectionString, identity: undefined }, { httpClient: client });
  const telemetry = openTelemetry(exporters, { metricMillis: 60_000, onFailure: () => {} });
  const request = telemetry.startRequest({
    method: "GET",
    route: "manifest",
    traceparent: null,
    tracestate: null,
    describe: () => ({ "url.path": "/v2/a/manifests/v1" }),
  });
  await request.run(async () => telemetry.database.charge("read", 2.5, 3, 200));
  request.addressed("local");
  request.end({ status: 200, bytesIn: 0, bytesOut: 100 });
  const time = new Date().toISOString();
  telemetry.log("info", JSON.stringify({ time, level: "info", event: "start", port: 5000 }));
  const error = "TypeError: what was not expected\n    at somewhere";
  telemetry.log("error", JSON.stringify({ time, level: "error", event: "failure", error }));
  await telemetry.close();

  const of = (type: string) =>
    envelopes.filter((one) => one.data.baseType === type).map((one) => one.data.baseData);
  expect(of("RequestData")).toMatchObject([{ name: "GET manifest", responseCode: "200", success: true }]);
  expect(of("RemoteDependencyData")).toMatchObject([{ name: "read azure.cosmosdb" }]);
  expect(of("MessageData")).toMatchObject([{ message: "start", properties: { port: "5000" } }]);
  expect(of("ExceptionData")).toMatchObject([
    { exceptions: [{ typeName: "TypeError", message: "what was not expected" }] },
  ]);
  const measured = of("MetricData").flatMap((data) => data["metrics"] as { name: string; value: number }[]);
  expect(measured.map(({ name }) => name).sort()).toEqual([
    "SuccessfulPullCount",
    "TotalPullCount",
    "azure.cosmosdb.client.operation.request_charge",
    "db.client.operation.duration",
    "http.server.request.duration",
    "http.server.response.body.size",
  ]);
  expect(new Set(envelopes.map((one) => one.iKey))).toEqual(new Set([key]));
  expect(urls.every((url) => url.startsWith("https://ingestion.invalid/"))).toBe(true);
});
