import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { type App, sharedApp } from "../shared/app.ts";
import { readApplication } from "./application.ts";
import { FunctionsCore } from "./core.ts";
import { explainListenError, type ListenOptions, readListenOptions } from "./listen-options.ts";
import { Router } from "./router.ts";
import { createHost } from "./server.ts";

/** ms between two runs of upkeep, and that requests in flight get to finish when the process is told to end. */
const upkeepMillis = 60 * 60 * 1000;
const graceMillis = 30_000;

/**
 * How much the heap may grow before it is searched for garbage, in percent of what lives in it. V8 picks up to 300 by itself, but
 * little for a heap that was idle for 8 seconds; the bodies of pushes count as heap, and it is then searched every 3 MiB of them.
 */
const heapGrowingPercent = 200;

async function main(): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  const options = readListenOptions(process.env);
  const app = await sharedApp();
  const server = await loadFunctions(app);
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  announce(options.host, port);
  app.log.write("info", "start", { host: options.host, port, pid: process.pid });
  const upkeep = keepUp(app);
  stopOnSignals(server, app, upkeep);
}

/** Loads the doors as the Functions worker would, and routes to them as the Functions runtime would. */
async function loadFunctions(app: App): Promise<Server> {
  const application = readApplication(import.meta.dirname);
  const core = new FunctionsCore();
  core.provide((level, category, message) => app.log.write("debug", "host", { level, category, message }));
  await import(application.main);
  core.lock();
  return createHost(new Router(core.functions, application.routePrefix), application.customHeaders);
}

async function listen(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options.port, options.host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw explainListenError(error, options);
  }
}

function announce(host: string, port: number): void {
  const address = host === "::1" ? `[::1]:${port}` : `${host}:${port}`;
  process.stdout.write(
    `Portolan listens on http://${address} and is open to anyone on this machine.\n` +
      `Try it: docker tag <an image you have> localhost:${port}/hello:v1 && docker push localhost:${port}/hello:v1\n`,
  );
}

function keepUp(app: App): NodeJS.Timeout {
  const run = () => {
    app
      .runUpkeep()
      .catch((error: unknown) => app.log.write("error", "failure", { work: "upkeep", error: String(error) }));
  };
  run();
  return setInterval(run, upkeepMillis);
}

function stopOnSignals(server: Server, app: App, upkeep: NodeJS.Timeout): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    clearInterval(upkeep);
    app.log.write("info", "stop", { signal });
    void finish(server, app);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

/** Takes no new connection, lets requests in flight finish, and closes the store. */
async function finish(server: Server, app: App): Promise<void> {
  const closed = once(server, "close");
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const deadline = setTimeout(() => server.closeAllConnections(), graceMillis);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
  await app.close();
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`portolan: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
