import http from "node:http";
import type { FunctionMetadata } from "../../../host/core.ts";
import { FunctionsCore } from "../../../host/core.ts";
import { readNetworkSettings } from "../../../shared/domain/network/settings.ts";
import type { IncomingRequest, Reply } from "../../../shared/http/exchange.ts";
import { serve } from "../../../shared/http/serve.ts";
import { NetworkGate } from "../../../shared/tenancy/network-gate.ts";
import type {
  FromWorker,
  Invocation,
  ToWorker,
  TriggerInvocation,
  WorkerOptions,
} from "./functions-messages.ts";
import { openMemoryRegistry } from "./memory-registry.ts";

/**
 * What the Functions worker for Node does, in a process of its own: it loads the application, asks the library for its
 * capabilities, and runs invocations through the library's own model. Messages between processes stand for its gRPC channel.
 */

const bundledMain = new URL("../../../dist/app/functions/main.js", import.meta.url).href;
const bodiless = new Set(["GET", "HEAD"]);

/** What the library brings of its invocation model; all of it is the library's own. */
interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], handler: unknown): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}

async function main(options: WorkerOptions): Promise<void> {
  const core = new FunctionsCore();
  core.provide(() => {});
  const servers = watchServers(options.serverRequestMillis);
  if (options.application === "the project's") await import("../../../functions/main.ts");
  else if (options.application === "the bundle's") await import(bundledMain);
  else await registerDoors(options);
  core.lock();
  const capabilities = await core.model.getCapabilities({});
  process.on("message", (message: ToWorker) => {
    if (message.kind !== "memory") void invoke(core, message);
    else report({ kind: "memory", peakBytes: process.resourceUsage().maxRSS * 1024 });
  });
  report({
    kind: "ready",
    uri: capabilities["HttpUri"] ?? "",
    requestTimeoutMillis: servers.map((server) => server.requestTimeout),
  });
}

/** Servers that are opened without options, as the library does; with `millis`, their usual 300 s are so short. */
function watchServers(millis: number | undefined): http.Server[] {
  const servers: http.Server[] = [];
  const { createServer } = http;
  http.createServer = ((...args: Parameters<typeof createServer>) => {
    if (args.length > 0) return createServer(...args);
    const server =
      millis === undefined
        ? createServer()
        : createServer({ requestTimeout: millis, headersTimeout: millis, connectionsCheckingInterval: 50 });
    servers.push(server);
    return server;
  }) as typeof createServer;
  return servers;
}

async function registerDoors(options: WorkerOptions): Promise<void> {
  const { app } = await import("@azure/functions");
  const { doors } = await import("../../../functions/doors.ts");
  const { register } = await import("../../../functions/door.ts");
  const { guardStreamServer } = await import("../../../functions/stream-guard.ts");
  const handle = await handler(options.application);
  app.setup({ enableHttpStream: true });
  for (const door of doors) register(door, handle);
  if (options.guard) guardStreamServer();
}

async function handler(
  application: WorkerOptions["application"],
): Promise<(request: IncomingRequest) => Promise<Reply>> {
  if (application === "hasty") {
    return async ({ method }) => ({
      status: bodiless.has(method) ? 200 : 404,
      headers: { "content-type": "text/plain" },
      body: "hasty",
    });
  }
  const sign = (place: { readonly name: string }) => `https://store.example/${place.name}?sig=s`;
  const registry = await openMemoryRegistry(application === "with a store that signs" ? { sign } : {});
  const service = { ...registry.service, networks: new NetworkGate(readNetworkSettings(process.env)) };
  return async (request) => await serve(service, request);
}

async function invoke(core: FunctionsCore, invocation: Invocation | TriggerInvocation): Promise<void> {
  try {
    const registered = core.functions.find(({ metadata }) => metadata.name === invocation.name);
    if (registered === undefined) throw new Error(`no function is named ${invocation.name}`);
    const model = core.model.getInvocationModel(
      contextOf(registered.metadata, invocation),
    ) as InvocationModel;
    const { context, inputs } = await model.getArguments();
    const result = await model.invokeFunction(context, inputs, registered.callback);
    await model.getResponse(context, result);
    report({ kind: "done", id: invocation.id });
  } catch (error) {
    report({ kind: "done", id: invocation.id, failure: String(error) });
  }
}

/** An invocation as the runtime describes it when bodies are streamed: everything but the body comes with it. */
function contextOf(metadata: FunctionMetadata, invocation: Invocation | TriggerInvocation): unknown {
  const { id } = invocation;
  const trigger = Object.entries(metadata.bindings).find(([, { type }]) => type.endsWith("Trigger"))?.[0];
  const data = invocation.kind === "invoke" ? { http: {} } : invocation.data;
  return {
    invocationId: id,
    metadata,
    hookData: {},
    state: undefined,
    log: () => {},
    request: {
      invocationId: id,
      inputData: [{ name: trigger, data }],
      triggerMetadata: invocation.kind === "invoke" ? httpMetadata(invocation) : {},
      traceContext: {},
      retryContext: null,
    },
  };
}

function httpMetadata({ headers, query, path }: Invocation): unknown {
  return {
    Headers: { json: JSON.stringify(headers) },
    Query: { json: JSON.stringify(query) },
    ...(path === undefined ? {} : { path: { string: path } }),
  };
}

function report(message: FromWorker): void {
  process.send?.(message);
}

await main(JSON.parse(process.argv[2] ?? "{}") as WorkerOptions);
