import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { type App, demandAuthentication, sharedApp, takeOwnQueues } from "../shared/app.ts";
import { readApplication } from "./application.ts";
import { FunctionsCore, type RegisteredFunction } from "./core.ts";
import { explainListenError, isLoopback, type ListenOptions, readListenOptions } from "./listen-options.ts";
import { Router } from "./router.ts";
import { createHost } from "./server.ts";
import { tellFailure } from "./tell-failure.ts";
import { Triggers } from "./triggers.ts";

/** Where npm leaves a flag `--auth` that it was given. */
const npmFlag = "npm_config_auth";

/** ms that requests and triggered functions get to finish when the process is told to end. */
const graceMillis = 30_000;

/**
 * How much the heap may grow before it is searched for garbage, in percent of what lives in it. V8 picks up to 300 by itself, but
 * little for a heap that was idle for 8 seconds; the bodies of pushes count as heap, and it is then searched every 3 MiB of them.
 */
const heapGrowingPercent = 200;

async function main(): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  // Whoever read what is written here may be gone; that is no reason to stop, nor to stand still.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  if (readFlags().auth) demandAuthentication();
  takeOwnQueues();
  const app = await sharedApp();
  const options = readListenOptions(process.env, app.authenticates);
  const { server, functions } = await loadFunctions(app);
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  // Not before it listens: his password is told once.
  const password = await app.ensureAdministrator();
  announce(options.host, port, app.authenticates);
  if (password !== undefined) announceAdministrator(port, password);
  app.log.write("info", "start", { host: options.host, port, pid: process.pid });
  stopOnSignals(server, app, new Triggers(functions, app));
}

/** @throws Error of one line */
function readFlags(): { readonly auth: boolean } {
  const usage = "usage: npm start -- [--auth]";
  // npm takes flags for its own that come without the dashes before them, and an open registry would start.
  if (process.env[npmFlag] !== undefined) throw new Error(`${usage} (the two dashes alone are needed)`);
  try {
    const { values } = parseArgs({ options: { auth: { type: "boolean", default: false } } });
    return { auth: values.auth };
  } catch {
    throw new Error(usage);
  }
}

/** Loads the doors as the Functions worker would, and routes to them as the Functions runtime would. */
async function loadFunctions(
  app: App,
): Promise<{ server: Server; functions: readonly RegisteredFunction[] }> {
  const application = readApplication(import.meta.dirname);
  const core = new FunctionsCore();
  core.provide((level, category, message) => app.log.write("debug", "host", { level, category, message }));
  await import(application.main);
  core.lock();
  const { functions } = core;
  const router = new Router(functions, application.routePrefix);
  return { server: createHost(router, application.customHeaders), functions };
}

async function listen(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options.port, options.host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw explainListenError(error, options);
  }
}

function announce(host: string, port: number, authenticates: boolean): void {
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const whom = authenticates ? "lets in whoever logs in" : "is open to anyone on this machine";
  const others = isLoopback(host)
    ? ""
    : "Others reach it by the host names in PLAIN_HOSTS. Passwords go over plain HTTP as they are: put TLS in front.\n";
  process.stdout.write(
    `Portolan listens on http://${address} and ${whom}.\n${others}` +
      `Try it: docker tag <an image you have> localhost:${port}/hello:v1 && docker push localhost:${port}/hello:v1\n`,
  );
}

/** The only time that anybody sees it: what is kept is its hash. */
function announceAdministrator(port: number, password: string): void {
  process.stdout.write(
    "\nThis is its first start, so it has made an administrator. Keep his password, which is not shown again:\n\n" +
      `  ${password}\n\n` +
      `Log in with it: docker login localhost:${port} --username administrator\n` +
      "Give everybody else a token of his own: npm run admin -- tokens create --help\n",
  );
}

function stopOnSignals(server: Server, app: App, triggers: Triggers): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    app.log.write("info", "stop", { signal });
    void finish(server, app, triggers);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

/** Takes no new connection, lets requests and triggered functions finish, and closes the store. */
async function finish(server: Server, app: App, triggers: Triggers): Promise<void> {
  const closed = once(server, "close");
  const idle = Promise.race([triggers.stop(), pause(graceMillis)]);
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const deadline = setTimeout(() => server.closeAllConnections(), graceMillis);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
  await idle;
  await app.close();
  process.exit(0);
}

main().catch((error: unknown) => {
  tellFailure(error);
  process.exit(1);
});
