import { createNoopMeter } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { createInstruments } from "../../../shared/telemetry/instruments.ts";
import { Requests } from "../../../shared/telemetry/requests.ts";

const end = { status: 200, bytesIn: 0, bytesOut: 6 };

function observing() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const requests = new Requests(provider.getTracer("test"), createInstruments(createNoopMeter()));
  const start = (route = "blob", method = "GET") =>
    requests.start({ method, route, traceparent: null, tracestate: null, describe: () => ({}) });
  const names = () => exporter.getFinishedSpans().map((span) => span.name);
  const server = () => exporter.getFinishedSpans().find((span) => span.kind === 1);
  return { requests, start, names, server, spans: () => exporter.getFinishedSpans() };
}

/** Pieces, each of which asks the storage for something. */
async function* pieces(requests: Requests): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of ["abc", "def"]) {
    await Promise.resolve();
    requests.storage.call({ service: "blob", operation: "GetBlob", millis: 1, status: 206 });
    yield Buffer.from(text);
  }
}

describe("a request whose body is still to be sent", () => {
  test("ends with its last byte, and counts what is asked until then", async () => {
    const { requests, start, names, server } = observing();
    const body = start().follow(pieces(requests), end);
    const read: Uint8Array[] = [];
    for await (const piece of body) {
      expect(server()).toBeUndefined();
      read.push(piece);
    }
    expect(Buffer.concat(read).toString()).toBe("abcdef");
    expect(names()).toEqual(["GetBlob blob", "GetBlob blob", "GET blob"]);
    expect(server()?.attributes["portolan.storage.calls"]).toBe(2);
  });

  test("ends when the client leaves, even before the first byte", async () => {
    for (const reads of [0, 1]) {
      const { requests, start, server } = observing();
      const iterator = start().follow(pieces(requests), end)[Symbol.asyncIterator]();
      for (let read = 0; read < reads; read += 1) await iterator.next();
      await iterator.return?.();
      expect(server()?.attributes["portolan.storage.calls"]).toBe(reads);
    }
  });

  test("ends when its bytes break off, with the error passed on", async () => {
    const { start, server } = observing();
    const broken = (async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield Buffer.from("abc");
      throw new Error("broke off");
    })();
    const iterator = start().follow(broken, end)[Symbol.asyncIterator]();
    await iterator.next();
    await expect(iterator.next()).rejects.toThrow("broke off");
    expect(server()).toBeDefined();
  });

  test("gives pieces back to the store as its reader gives them back", async () => {
    const back: unknown[] = [];
    const { start } = observing();
    const store = (async function* (): AsyncGenerator<Uint8Array, void, unknown> {
      back.push(yield Buffer.from("abc"));
    })();
    const iterator: AsyncIterator<Uint8Array, unknown, unknown> = start()
      .follow(store, end)
      [Symbol.asyncIterator]();
    const first = await iterator.next();
    await iterator.next(first.value);
    expect(back).toEqual([first.value]);
  });
});

test("of requests at the same time each has its own calls", async () => {
  const { requests, start, spans } = observing();
  const all = Array.from({ length: 20 }, async (_, calls) => {
    const request = start(`route-${calls}`);
    await request.run(async () => {
      for (let call = 0; call < calls; call += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        requests.database.charge("read", 2, 1, 200);
      }
    });
    request.end(end);
  });
  await Promise.all(all);
  requests.database.charge("read", 1, 1, 200);
  const servers = spans().filter((span) => span.kind === 1);
  const told = servers.map(({ attributes }) => [
    attributes["http.route"],
    attributes["portolan.database.calls"],
    attributes["portolan.database.charge"],
  ]);
  expect(told.sort()).toEqual(
    Array.from({ length: 20 }, (_, calls) => [`route-${calls}`, calls, 2 * calls]).sort(),
  );
});

test("what a request leaves behind is none of it once it has ended", async () => {
  const { requests, start, spans } = observing();
  const request = start();
  let late: Promise<void> | undefined;
  await request.run(async () => {
    late = new Promise((resolve) => {
      setTimeout(() => {
        expect(requests.context).toBeUndefined();
        requests.storage.call({ service: "blob", operation: "GetBlob", millis: 1, status: 200 });
        resolve();
      }, 5);
    });
    expect(requests.context).toBeDefined();
  });
  request.end(end);
  await late;
  expect(spans().map((span) => span.name)).toEqual(["GET blob"]);
});

test("a method that nobody knows is called other", () => {
  const { start, names, server } = observing();
  start("blob", "BREW").end({ status: 405, bytesIn: 0, bytesOut: 0 });
  expect(names()).toEqual(["HTTP blob"]);
  expect(server()?.attributes["http.request.method"]).toBe("_OTHER");
});
