import { once } from "node:events";
import http from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { guardStreamServer } from "../../../functions/stream-guard.ts";
import { FunctionsCore, type ProgrammingModel } from "../../../host/core.ts";

const require = createRequire(import.meta.url);
const { createServer } = http;
const servers: http.Server[] = [];

let model: { getInvocationModel(context: unknown): unknown };
beforeEach(() => {
  const core = new FunctionsCore();
  core.provide(() => {});
  const module = require("@azure/functions-core") as { setProgrammingModel(model: ProgrammingModel): void };
  const original = { name: "m", version: "1", getInvocationModel: (context: unknown) => [context] };
  model = original;
  module.setProgrammingModel({ ...original, getCapabilities: async (capabilities) => capabilities });
  model = core.model;
});
afterEach(() => {
  http.createServer = createServer;
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

function invocation(id: string, headers: Readonly<Record<string, string>>, type = "httpTrigger") {
  return {
    invocationId: id,
    metadata: { bindings: { trigger: { type } } },
    request: { triggerMetadata: { Headers: { json: JSON.stringify(headers) } } },
  };
}

/** A guarded server that answers with the invocation id that it sees. */
async function guarded(): Promise<number> {
  guardStreamServer();
  const server = http.createServer();
  servers.push(server);
  server.on("request", (request: http.IncomingMessage, response: http.ServerResponse) => {
    response.end(String(request.headers["x-ms-invocation-id"]));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function get(port: number, id: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { "x-ms-invocation-id": id } });
  return `${response.status} ${await response.text()}`;
}

describe("the guard of the library's server", () => {
  test("gives requests to the first server that is opened without options all the time they need", () => {
    guardStreamServer();
    const other = http.createServer({ keepAlive: true });
    const own = http.createServer();
    const later = http.createServer();
    servers.push(other, own, later);
    expect(servers.map(({ requestTimeout }) => requestTimeout)).toEqual([300_000, 0, 300_000]);
    expect(http.createServer).toBe(createServer);
  });

  test("leaves the library's model what it is", () => {
    guardStreamServer();
    const context = invocation("1", {});
    expect(model.getInvocationModel(context)).toEqual([context]);
    const timer = { invocationId: "2", metadata: { bindings: null }, request: {} };
    expect(model.getInvocationModel(timer)).toEqual([timer]);
  });

  test("lets a request through under its own id, whether it or its invocation comes first", async () => {
    const port = await guarded();
    model.getInvocationModel(invocation("first", { host: "a" }));
    expect(await get(port, "first")).toBe("200 first");
    const waiting = get(port, "second");
    await new Promise((resolve) => setTimeout(resolve, 50));
    model.getInvocationModel(invocation("second", { host: "a" }, "HttpTrigger"));
    expect(await waiting).toBe("200 second");
  });

  test("knows a request by what its client sent, and makes its headers the invocation's", async () => {
    const port = await guarded();
    const context = invocation("real", { "X-MS-Invocation-Id": "sent,twice" });
    model.getInvocationModel(context);
    expect(await get(port, "sent, twice")).toBe("200 real");
    const headers = JSON.parse(context.request.triggerMetadata.Headers.json) as Record<string, string>;
    expect(headers["host"]).toBe(`127.0.0.1:${port}`);
  });

  test("leaves the headers of an invocation alone when the runtime named it", async () => {
    const port = await guarded();
    const context = invocation("real", { authorization: "its own" });
    model.getInvocationModel(context);
    await get(port, "real");
    expect(JSON.parse(context.request.triggerMetadata.Headers.json)).toEqual({ authorization: "its own" });
  });

  test("refuses requests when too many wait for an invocation", async () => {
    const port = await guarded();
    const aborter = new AbortController();
    const waiting = Array.from({ length: 1000 }, (_, index) =>
      fetch(`http://127.0.0.1:${port}/`, {
        headers: { "x-ms-invocation-id": `w${index}` },
        signal: aborter.signal,
      }).catch(() => undefined),
    );
    const deadline = Date.now() + 10_000;
    let refused = "";
    while (refused === "" && Date.now() < deadline) {
      refused = await Promise.race([
        get(port, "one-more"),
        new Promise<string>((resolve) => setTimeout(resolve, 200, "")),
      ]);
    }
    expect(refused).toBe("503 ");
    aborter.abort();
    await Promise.all(waiting);
  });
});
