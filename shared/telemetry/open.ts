import { randomUUID } from "node:crypto";
import { type Attributes, type Meter, ROOT_CONTEXT } from "@opentelemetry/api";
import { type Logger, SeverityNumber } from "@opentelemetry/api-logs";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { type Exporters, hold } from "./exporters.ts";
import { type CollectionInstruments, createInstruments } from "./instruments.ts";
import { type LogLevel, logEvents } from "./log.ts";
import { attributes, metrics, scope } from "./names.ts";
import { Requests } from "./requests.ts";
import type { CollectionFigures, Telemetry } from "./telemetry.ts";

export interface TelemetryOptions {
  /** ms between two exports of metrics. */
  readonly metricMillis: number;
  /** Told of an export that failed, at most once a minute. @param signal `spans`, `metrics` or `logs` */
  readonly onFailure: (signal: string, failure: string) => void;
}

/** ms between two exports of logs; of spans `OTEL_BSP_SCHEDULE_DELAY`, 5,000. A process that is frozen meanwhile exports later. */
const logMillis = 5_000;
/** ms that one export may take, and that is waited for the last ones when the process ends. */
const exportMillis = 10_000;
const closeMillis = 5_000;
const failureMillis = 60_000;

/**
 * Telemetry over these exporters, in batches that wait in bounded queues; what does not fit is dropped. Nothing is registered
 * globally: no other library takes part.
 */
export function openTelemetry(exporters: Exporters, options: TelemetryOptions): Telemetry {
  holdAll(exporters, options.onFailure);
  const resource = resourceFromAttributes({
    "service.name": scope,
    "service.instance.id": randomUUID(),
  }).merge(detectResources({ detectors: [envDetector] }));
  // The sampler is OTEL_TRACES_SAMPLER's.
  const tracers = new BasicTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(exporters.spans, { exportTimeoutMillis: exportMillis })],
  });
  const meters = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: exporters.metrics,
        exportIntervalMillis: options.metricMillis,
        exportTimeoutMillis: Math.min(exportMillis, options.metricMillis),
      }),
    ],
  });
  const loggers = new LoggerProvider({
    resource,
    processors: [
      new BatchLogRecordProcessor({
        exporter: exporters.logs,
        scheduledDelayMillis: logMillis,
        exportTimeoutMillis: exportMillis,
      }),
    ],
  });
  const meter = meters.getMeter(scope);
  const instruments = createInstruments(meter);
  const requests = new Requests(tracers.getTracer(scope), instruments);
  const logger = loggers.getLogger(scope);
  return {
    startRequest: (start) => requests.start(start),
    database: requests.database,
    storage: requests.storage,
    log: (level, line) => emit(logger, requests, level, line),
    collected: (run) => recordCollection(instruments.collection, run),
    watchQueues: (queues, length) => watchQueues(meter, queues, length),
    close: async () => {
      const closing = [tracers.shutdown(), meters.shutdown(), loggers.shutdown()];
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, closeMillis);
      });
      await Promise.race([Promise.allSettled(closing), late]);
      clearTimeout(timer);
    },
  };
}

/** Failures name no more than a kind of error: messages can hold addresses, and headers of a collector are often keys. */
function holdAll(exporters: Exporters, onFailure: TelemetryOptions["onFailure"]): void {
  let toldAt = Number.NEGATIVE_INFINITY;
  const told = (signal: string) => (error: Error | undefined) => {
    if (performance.now() - toldAt < failureMillis) return;
    toldAt = performance.now();
    const { code } = (error ?? { code: "too many exports under way" }) as { readonly code?: unknown };
    onFailure(signal, typeof code === "string" || typeof code === "number" ? String(code) : "no answer");
  };
  hold(exporters.spans, told("spans"));
  hold(exporters.metrics, told("metrics"));
  hold(exporters.logs, told("logs"));
}

const severities = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  silent: SeverityNumber.UNSPECIFIED,
} as const satisfies Readonly<Record<LogLevel, SeverityNumber>>;

/** A line's event becomes the record's body, its fields attributes, and an error what OpenTelemetry calls an exception. */
function emit(logger: Logger, requests: Requests, level: LogLevel, line: string): void {
  const { time, level: _level, event, error, ...fields } = JSON.parse(line) as Record<string, unknown>;
  // A failed export would be told by the next one, and so on.
  if (event === logEvents.telemetry) return;
  const stack = typeof error === "string" ? error : undefined;
  logger.emit({
    context: requests.context ?? ROOT_CONTEXT,
    timestamp: new Date(String(time)),
    severityNumber: severities[level],
    severityText: level,
    body: String(event),
    attributes: {
      ...(fields as Attributes),
      ...(stack === undefined ? {} : exceptionOf(stack)),
    },
  });
}

/** @see https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/ */
function exceptionOf(stack: string): Attributes {
  const [first = ""] = stack.split("\n", 1);
  const [, type, message] = /^([A-Za-z]*Error): (.*)$/.exec(first) ?? [];
  return {
    "exception.type": type ?? "Error",
    "exception.message": message ?? first,
    "exception.stacktrace": stack,
  };
}

function recordCollection(instruments: CollectionInstruments, run: CollectionFigures): void {
  instruments.candidates.add(run.links);
  instruments.condemned.add(run.condemned);
  instruments.revived.add(run.revived);
  instruments.places.add(run.places);
  instruments.bytes.add(run.bytes);
  instruments.lateness.record(run.lateSeconds);
}

function watchQueues(
  meter: Meter,
  queues: readonly string[],
  length: (queue: string) => Promise<number>,
): void {
  const description = "About how many messages wait in a queue, poison queues included";
  const gauge = meter.createObservableGauge(metrics.queueDepth, { description, unit: "{message}" });
  gauge.addCallback(async (result) => {
    await Promise.all(
      queues.map(async (queue) => {
        const depth = await length(queue).catch(() => undefined);
        if (depth !== undefined) result.observe(depth, { [attributes.queue]: queue });
      }),
    );
  });
}
