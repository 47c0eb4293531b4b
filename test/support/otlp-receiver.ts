import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Value = {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
};
interface KeyValue {
  readonly key: string;
  readonly value: Value;
}
export type Attributes = Readonly<Record<string, string | number>>;

export interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Attributes;
}

export interface ReceivedPoint {
  readonly attributes: Attributes;
  /** Of a histogram. */
  readonly count: number | undefined;
  readonly sum: number | undefined;
  /** Of a counter or gauge. */
  readonly value: number | undefined;
}

export interface ReceivedLog {
  readonly body: string;
  readonly severity: string;
  readonly traceId: string | undefined;
  readonly attributes: Attributes;
}

/** Takes OTLP in JSON on a free port of the loopback, and keeps it. */
export interface OtlpReceiver {
  readonly endpoint: string;
  /** Bodies as they came. */
  readonly bodies: readonly string[];
  spans(): ReceivedSpan[];
  /** The points of the latest export in which the metric has any. */
  points(metric: string): ReceivedPoint[];
  logs(): ReceivedLog[];
  stop(): Promise<void>;
}

/** @param answer undefined answers at once; a receiver that does nothing here never does */
export async function startOtlpReceiver(answer?: (response: ServerResponse) => void): Promise<OtlpReceiver> {
  const bodies: string[] = [];
  const received: { readonly path: string; readonly body: Export }[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    let text = "";
    for await (const piece of request.setEncoding("utf8")) text += piece as string;
    bodies.push(text);
    received.push({ path: request.url ?? "", body: JSON.parse(text) as Export });
    if (answer !== undefined) answer(response);
    else response.writeHead(200, { "content-type": "application/json" }).end("{}");
  };
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const of = (path: string) => received.filter((one) => one.path === path).map((one) => one.body);
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    spans: () =>
      of("/v1/traces")
        .flatMap((one) => one.resourceSpans ?? [])
        .flatMap((one) => one.scopeSpans)
        .flatMap((one) => one.spans)
        .map((span) => ({ ...span, attributes: attributesOf(span.attributes) })),
    points: (metric) =>
      of("/v1/metrics")
        .map((one) => pointsOf(one, metric))
        .filter((points) => points.length > 0)
        .at(-1) ?? [],
    logs: () =>
      of("/v1/logs")
        .flatMap((one) => one.resourceLogs ?? [])
        .flatMap((one) => one.scopeLogs)
        .flatMap((one) => one.logRecords)
        .map((record) => ({
          body: record.body.stringValue ?? "",
          severity: record.severityText,
          traceId: record.traceId,
          attributes: attributesOf(record.attributes),
        })),
    stop: () => stop(server),
  };
}

/** What is read of an export request. @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
interface Export {
  readonly resourceSpans?: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, "attributes"> & { readonly attributes: KeyValue[] })[];
    }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
  }[];
  readonly resourceLogs?: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly body: Value;
        readonly severityText: string;
        readonly traceId?: string;
        readonly attributes: KeyValue[];
      }[];
    }[];
  }[];
}

interface Metric {
  readonly name: string;
  readonly histogram?: { readonly dataPoints: readonly Point[] };
  readonly sum?: { readonly dataPoints: readonly Point[] };
  readonly gauge?: { readonly dataPoints: readonly Point[] };
}

interface Point {
  readonly attributes: KeyValue[];
  readonly count?: number;
  readonly sum?: number;
  readonly asDouble?: number;
  readonly asInt?: number | string;
}

function pointsOf(exported: Export, name: string): ReceivedPoint[] {
  return (exported.resourceMetrics ?? [])
    .flatMap((one) => one.scopeMetrics)
    .flatMap((one) => one.metrics)
    .filter((metric) => metric.name === name)
    .flatMap((metric) => (metric.histogram ?? metric.sum ?? metric.gauge)?.dataPoints ?? [])
    .map((point) => {
      const value = point.asDouble ?? point.asInt;
      return {
        attributes: attributesOf(point.attributes),
        count: point.count,
        sum: point.sum,
        value: value === undefined ? undefined : Number(value),
      };
    });
}

function attributesOf(pairs: readonly KeyValue[]): Attributes {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [
      key,
      value.stringValue ?? Number(value.intValue ?? value.doubleValue ?? Number.NaN),
    ]),
  );
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
