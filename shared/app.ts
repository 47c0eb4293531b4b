import { ensureRegistry } from "./catalog/registries.ts";
import { RepositoryDirectory } from "./catalog/repository-directory.ts";
import { type Config, readConfig } from "./config.ts";
import type { IncomingRequest, Reply } from "./http/exchange.ts";
import { defaultBodyTimes } from "./http/request-body.ts";
import { type Service, serve } from "./http/serve.ts";
import { openPorts } from "./open-ports.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import { RegistryDirectory } from "./tenancy/registry-directory.ts";
import { expireUploads } from "./upkeep/expire-uploads.ts";

/** The registry, whole, behind any door. */
export interface App {
  readonly log: Log;
  handle(request: IncomingRequest): Promise<Reply>;
  /** Work that nobody waits for. Safe to run at any time, and by several processes at once. */
  runUpkeep(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Composes the registry from its configuration.
 * @param sink where log lines go
 * @throws Error with one line when the configured store cannot be opened
 */
async function openApp(config: Config, sink: (lines: string) => void): Promise<App> {
  const log = createLog(config.logLevel, sink);
  const { ports, close } = await openPorts(config.store);
  const { sparseManifests, serveThroughBytesMax } = config;
  await ensureRegistry(ports, config.hosts.defaultRegistry, { sparseManifests, serveThroughBytesMax });
  const service: Service = {
    ports,
    registries: new RegistryDirectory(ports),
    repositories: new RepositoryDirectory(ports),
    hosts: config.hosts,
    bodyTimes: defaultBodyTimes,
    log,
  };
  return {
    log,
    handle: (request) => serve(service, request),
    runUpkeep: () => expireUploads(ports, log),
    close: async () => {
      await close();
      log.flush();
    },
  };
}

let shared: Promise<App> | undefined;

/**
 * The app of this process, composed from its environment when it is first asked for. When a service is away just then, the
 * next one who asks tries again.
 */
export function sharedApp(): Promise<App> {
  if (shared === undefined) {
    shared = openApp(readConfig(process.env), (lines) => process.stderr.write(lines));
    shared.catch(() => {
      shared = undefined;
    });
  }
  return shared;
}
