import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attributes,
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Instruments } from "./instruments.ts";
import { attributes, cosmosSystem, spanAttributes } from "./names.ts";
import type {
  DatabaseObserver,
  ObservedRequest,
  RequestEnd,
  RequestStart,
  StorageObserver,
} from "./telemetry.ts";
import { contextOf } from "./trace-context.ts";

/** Others would make a series of metrics each. @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
const knownMethods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** Requests under way, and what the stores are asked in each. */
export class Requests {
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;
  readonly #current = new AsyncLocalStorage<CurrentRequest>();

  constructor(tracer: Tracer, instruments: Instruments) {
    this.#tracer = tracer;
    this.#instruments = instruments;
  }

  start(start: RequestStart): ObservedRequest {
    return new CurrentRequest(this.#tracer, this.#instruments, this.#current, start);
  }

  /** Of the present request, for what is logged in it. */
  get context(): Context | undefined {
    return this.#active()?.context;
  }

  /** What a request leaves behind, such as a timer, is none of it once it has ended. */
  #active(): CurrentRequest | undefined {
    const request = this.#current.getStore();
    return request?.ended === false ? request : undefined;
  }

  readonly database: DatabaseObserver = {
    charge: (operation, requestUnits, millis, status) => {
      const request = this.#active();
      const labels = {
        ...request?.labels,
        [attributes.database]: cosmosSystem,
        [attributes.databaseOperation]: operation,
        [attributes.databaseStatus]: String(status),
      };
      this.#instruments.databaseDuration.record(millis / 1000, labels);
      this.#instruments.databaseCharge.record(requestUnits, labels);
      request?.addDatabaseCall(operation, requestUnits, millis, status);
    },
  };

  readonly storage: StorageObserver = {
    call: ({ service, operation, millis, status }) => {
      const request = this.#active();
      const labels = {
        ...request?.labels,
        [attributes.storageService]: service,
        [attributes.storageOperation]: operation,
        [attributes.status]: status,
      };
      this.#instruments.storageDuration.record(millis / 1000, labels);
      request?.addStorageCall(service, operation, millis, status);
    },
  };
}

class CurrentRequest implements ObservedRequest {
  readonly context: Context;
  /** Of the request, for the metrics of what is done in it. */
  readonly labels: Attributes;
  ended = false;
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;
  readonly #current: AsyncLocalStorage<CurrentRequest>;
  readonly #span: Span;
  readonly #route: string | undefined;
  readonly #method: string;
  readonly #startedAt = performance.now();
  #registry: string | undefined;
  #storageCalls = 0;
  #databaseCalls = 0;
  #databaseCharge = 0;

  constructor(
    tracer: Tracer,
    instruments: Instruments,
    current: AsyncLocalStorage<CurrentRequest>,
    start: RequestStart,
  ) {
    this.#tracer = tracer;
    this.#instruments = instruments;
    this.#current = current;
    this.#route = start.route;
    this.#method = knownMethods.has(start.method) ? start.method : "_OTHER";
    this.labels = {
      [attributes.method]: this.#method,
      ...(start.route === undefined ? {} : { [attributes.route]: start.route }),
    };
    const parent = contextOf(start.traceparent, start.tracestate);
    const verb = this.#method === "_OTHER" ? "HTTP" : this.#method;
    const name = start.route === undefined ? verb : `${verb} ${start.route}`;
    this.#span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes: this.labels }, parent);
    if (this.#span.isRecording()) this.#span.setAttributes(start.describe());
    this.context = trace.setSpan(parent, this.#span);
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    return await this.#current.run(this, work);
  }

  addressed(registry: string): void {
    this.#registry = registry;
  }

  follow(body: AsyncIterable<Uint8Array>, end: RequestEnd): AsyncIterable<Uint8Array> {
    this.#measure(end);
    return {
      [Symbol.asyncIterator]: () => {
        const pieces: AsyncIterator<Uint8Array, unknown, unknown> = body[Symbol.asyncIterator]();
        const close = <T>(result: T): T => {
          this.#finish(end);
          return result;
        };
        // A reader may give a piece back by `next`, and may leave before the first one.
        return {
          next: (piece?: unknown) =>
            this.#current.run(this, async () => {
              try {
                const result = await pieces.next(piece);
                return result.done === true ? close(result) : result;
              } catch (error) {
                throw close(error);
              }
            }),
          return: async () => {
            close(undefined);
            await pieces.return?.();
            return { done: true, value: undefined };
          },
        };
      },
    };
  }

  end(end: RequestEnd): void {
    this.#measure(end);
    this.#finish(end);
  }

  addDatabaseCall(operation: string, charge: number, millis: number, status: number): void {
    this.#databaseCalls += 1;
    this.#databaseCharge += charge;
    this.#addCall(`${operation} ${cosmosSystem}`, millis, status, {
      [attributes.database]: cosmosSystem,
      [attributes.databaseOperation]: operation,
      [attributes.databaseStatus]: String(status),
      [spanAttributes.charge]: charge,
    });
  }

  addStorageCall(service: string, operation: string, millis: number, status: number): void {
    this.#storageCalls += 1;
    this.#addCall(`${operation} ${service}`, millis, status, {
      [attributes.storageService]: service,
      [attributes.storageOperation]: operation,
      [attributes.status]: status,
    });
  }

  /** Calls are observed when they are over. */
  #addCall(name: string, millis: number, status: number, callAttributes: Attributes): void {
    if (!this.#span.isRecording()) return;
    const endTime = Date.now();
    const startTime = endTime - millis;
    const options = { kind: SpanKind.CLIENT, attributes: callAttributes, startTime };
    const span = this.#tracer.startSpan(name, options, this.context);
    if (status === 0 || status >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(endTime);
  }

  #measure({ status, bytesIn, bytesOut }: RequestEnd): void {
    const instruments = this.#instruments;
    const labels = { ...this.labels, [attributes.status]: status, ...errorOf(status) };
    instruments.requestDuration.record((performance.now() - this.#startedAt) / 1000, labels);
    if (bytesIn > 0) instruments.requestBytes.record(bytesIn, labels);
    if (bytesOut > 0) instruments.responseBytes.record(bytesOut, labels);
    if (this.#route !== "manifest" || (this.#method !== "GET" && this.#method !== "PUT")) return;
    const registry: Attributes =
      this.#registry === undefined ? {} : { [attributes.registry]: this.#registry };
    const pull = this.#method === "GET";
    (pull ? instruments.pulls : instruments.pushes).add(1, registry);
    if (status < 400) (pull ? instruments.pullsDone : instruments.pushesDone).add(1, registry);
  }

  #finish({ status, bytesIn, bytesOut }: RequestEnd): void {
    if (this.ended) return;
    this.ended = true;
    const span = this.#span;
    if (!span.isRecording()) return;
    span.setAttributes({
      [attributes.status]: status,
      ...errorOf(status),
      ...(this.#registry === undefined ? {} : { [attributes.registry]: this.#registry }),
      ...(bytesIn > 0 ? { [spanAttributes.requestBytes]: bytesIn } : {}),
      ...(bytesOut > 0 ? { [spanAttributes.responseBytes]: bytesOut } : {}),
      [spanAttributes.storageCalls]: this.#storageCalls,
      [spanAttributes.databaseCalls]: this.#databaseCalls,
      [spanAttributes.databaseCharge]: this.#databaseCharge,
    });
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}

/** What a client did wrong is no error of the registry. */
function errorOf(status: number): Attributes {
  return status >= 500 ? { [attributes.error]: String(status) } : {};
}
