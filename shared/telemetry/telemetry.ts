import type { LogLevel } from "./log.ts";

/**
 * What the rest of the registry tells telemetry, where telemetry is on. Nothing here waits for an exporter, and nothing throws.
 */
export interface Telemetry {
  /** A span, continued from the caller's, and the metrics of one request. Call `end` or `follow` when it is answered. */
  startRequest(start: RequestStart): ObservedRequest;
  /** For the observers of the stores: counted for the request that they happen in, if any. */
  readonly database: DatabaseObserver;
  readonly storage: StorageObserver;
  /** A line of the log, as JSON. */
  log(level: LogLevel, line: string): void;
  /** What one run of collection found and did. */
  collected(run: CollectionFigures): void;
  /** Counts what waits in these queues at each export of metrics. `length` may fail: then there is no count. */
  watchQueues(queues: readonly string[], length: (queue: string) => Promise<number>): void;
  /** Exports what is left, within a few seconds. */
  close(): Promise<void>;
}

export interface RequestStart {
  readonly method: string;
  /** The kind of route; undefined when there is none. */
  readonly route: string | undefined;
  /** W3C Trace Context, as the client sent it. */
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  /** Attributes for the span, asked for only when it is recorded. Without secrets. */
  describe(): Readonly<Record<string, string>>;
}

export interface RequestEnd {
  readonly status: number;
  /** Of the request's body, as received. */
  readonly bytesIn: number;
  /** Of the reply's body, as announced; 0 when it has none. */
  readonly bytesOut: number;
}

export interface ObservedRequest {
  /** Does the work of the request: what the stores are asked in it is counted for it. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** The registry that the request turned out to be for. */
  addressed(registry: string): void;
  end(end: RequestEnd): void;
  /** A body that is still to be sent: the request ends with it. */
  follow(body: AsyncIterable<Uint8Array>, end: RequestEnd): AsyncIterable<Uint8Array>;
}

/** Sizes are bytes. */
export interface CollectionFigures {
  /** Links that nothing pointed at. */
  readonly links: number;
  readonly condemned: number;
  readonly revived: number;
  readonly places: number;
  readonly bytes: number;
  /** By how many seconds the oldest place that is left is late; 0 when none is. */
  readonly lateSeconds: number;
}

/** As `CosmosObserver`. */
export interface DatabaseObserver {
  charge(operation: string, requestUnits: number, millis: number, status: number): void;
}

/** As `StorageObserver`. */
export interface StorageObserver {
  call(call: {
    readonly service: "blob" | "queue";
    readonly operation: string;
    readonly millis: number;
    readonly status: number;
  }): void;
}
