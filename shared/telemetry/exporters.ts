import type { LogRecordExporter } from "@opentelemetry/sdk-logs";
import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { SpanExporter } from "@opentelemetry/sdk-trace-base";

export interface Exporters {
  readonly spans: SpanExporter;
  readonly metrics: PushMetricExporter;
  readonly logs: LogRecordExporter;
}

/** By OTLP in JSON over HTTP, to where the environment's `OTEL_EXPORTER_OTLP_*` say. */
export async function otlpExporters(): Promise<Exporters> {
  const [{ OTLPTraceExporter }, { OTLPMetricExporter }, { OTLPLogExporter }] = await Promise.all([
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/exporter-metrics-otlp-http"),
    import("@opentelemetry/exporter-logs-otlp-http"),
  ]);
  return { spans: new OTLPTraceExporter(), metrics: new OTLPMetricExporter(), logs: new OTLPLogExporter() };
}

type Result = Parameters<Parameters<SpanExporter["export"]>[1]>[0];

/** Exports of one signal that may be under way at once. Those of an endpoint that does not answer would pile up. */
const underWayMax = 2;
const success = 0;
const failed: Result = { code: 1 };

/**
 * Holds an exporter to its contract: it tells once how an export ended, throws nothing, and has few under way; what comes beyond
 * is dropped.
 * @param onFailure told of each export that failed
 */
export function hold<Items>(
  exporter: { export(items: Items, done: (result: Result) => void): void },
  onFailure: (error: Error | undefined) => void,
): void {
  const send = exporter.export.bind(exporter);
  let underWay = 0;
  exporter.export = (items, done) => {
    if (underWay >= underWayMax) {
      onFailure(undefined);
      return done(failed);
    }
    underWay += 1;
    let ended = false;
    const end = (result: Result) => {
      if (ended) return;
      ended = true;
      underWay -= 1;
      if (result.code !== success) onFailure(result.error);
      done(result);
    };
    // Azure's are asynchronous, and could reject.
    const sending = new Promise<void>((resolve) => resolve(send(items, end)));
    sending.catch((error: unknown) => end({ code: failed.code, error: error as Error }));
  };
}
