import { PullRecorder } from "./catalog/pulls.ts";
import { ensureRegistry } from "./catalog/registries.ts";
import { RepositoryDirectory } from "./catalog/repository-directory.ts";
import { type Config, hasQueueTriggers, ownQueues, readConfig } from "./config.ts";
import { SettingsError } from "./domain/setting-faults.ts";
import { poisonQueue } from "./domain/work-message.ts";
import type { IncomingRequest, Reply } from "./http/exchange.ts";
import { answerNotStarted } from "./http/readiness-reply.ts";
import { defaultBodyTimes } from "./http/request-body.ts";
import { type Service, serve } from "./http/serve.ts";
import { openIdentity } from "./open-identity.ts";
import { openPorts } from "./open-ports.ts";
import { explainFailedStart, openReadiness } from "./open-readiness.ts";
import { Readiness } from "./readiness/readiness.ts";
import { systemClock } from "./system/world.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import type { TelemetrySettings } from "./telemetry/settings.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";
import { NetworkGate } from "./tenancy/network-gate.ts";
import { RateLimiter } from "./tenancy/rate-limiter.ts";
import { RefusalPace } from "./tenancy/refusal-pace.ts";
import { RegistryDirectory } from "./tenancy/registry-directory.ts";
import { UsageQuota } from "./tenancy/storage-quota.ts";
import { workThrough } from "./upkeep/do-work.ts";
import { createUpkeep, type QueueName, type TimerName } from "./upkeep/upkeep.ts";

/** The registry, whole, behind any door. */
export interface App {
  readonly log: Log;
  handle(request: IncomingRequest): Promise<Reply>;
  /** Does what a message of a queue asks for. @throws Error when the queue is to hand it out again */
  work(queue: QueueName, message: unknown): Promise<void>;
  /** Does what is due by time. Safe at any time, and by several processes at once. */
  tick(timer: TimerName): Promise<void>;
  /**
   * For a host that runs queue triggers itself: takes one batch out of a queue and hands it to `handle`.
   * @returns how many messages were taken
   */
  deliver(queue: string, handle: (message: unknown) => Promise<unknown>): Promise<number>;
  /** ms between two looks into an empty queue at most: on Azure each costs money. */
  readonly pollMillisMax: number;
  /** Whether callers have to say who they are. */
  readonly authenticates: boolean;
  /**
   * Makes the administrator, where callers have to say who they are, there is none yet, and the keys are on this machine.
   * @returns his password, which nobody is told again
   */
  ensureAdministrator(): Promise<string | undefined>;
  close(): Promise<void>;
}

const pollMillisMax = { local: 1_000, azure: 60_000 } as const;

/**
 * Composes the registry from its configuration.
 * @param sink where log lines go
 * @throws Error with one line when the configured store cannot be opened
 */
async function openApp(config: Config, sink: (lines: string) => void): Promise<App> {
  const telemetry = await startTelemetry(config.telemetry, (signal, failure) =>
    log.write("warn", "telemetry", { signal, failure }),
  );
  const log = createLog(config.logLevel, sink, telemetry?.log);
  try {
    return await composeApp(config, log, telemetry);
  } catch (error) {
    await telemetry?.close();
    throw error;
  }
}

async function composeApp(config: Config, log: Log, telemetry: Telemetry | undefined): Promise<App> {
  const observers = telemetry && { cosmos: telemetry.database, storage: telemetry.storage };
  const { ports, close } = await openPorts(config, observers);
  const { sparseManifests, serveThroughBytesMax } = config;
  const policies = {
    sparseManifests,
    ...(serveThroughBytesMax === undefined ? {} : { serveThroughBytesMax }),
  };
  const { defaultRegistry, scope } = config.hosts;
  await ensureRegistry(ports, defaultRegistry, policies, config.defaultTier, scope.resourceGroup);
  const opened = await openIdentity(config, ports, (error) =>
    log.write("warn", "failure", { work: "keys", error: String(error) }),
  );
  const upkeep = createUpkeep(ports, log, config.queued, telemetry);
  const pulls = new PullRecorder(ports, (error) =>
    log.write("warn", "failure", { work: "pulls", error: String(error) }),
  );
  const service: Service = {
    ports: { ...ports, documents: upkeep.documents, quota: new UsageQuota(ports) },
    registries: new RegistryDirectory(ports),
    repositories: new RepositoryDirectory(ports),
    pulls,
    hosts: config.hosts,
    networks: new NetworkGate(config.networks),
    identity: opened?.identity,
    rates: opened && new RateLimiter(config.tiers, config.instances, ports.clock),
    readiness: await openReadiness(config, ports, queues, log),
    pace: opened && config.holdsRefusals ? new RefusalPace(ports) : undefined,
    bodyTimes: defaultBodyTimes,
    log,
    accessLogSample: config.accessLogSample,
    telemetry,
  };
  if (config.queued) telemetry?.watchQueues(watchedQueues, (queue) => ports.work.length(queue));
  return {
    log,
    handle: (request) => serve(service, request),
    work: async (queue, message) => await upkeep.work(queue, message),
    tick: async (timer) => {
      if (timer === "usage") await opened?.rotateKeys();
      await upkeep.tick(timer);
    },
    deliver: async (queue, handle) => await workThrough(ports.work, queue, handle),
    authenticates: opened !== undefined,
    // What a process on Azure says goes into a log that others read: administrators are Entra's there, or are asked for.
    ensureAdministrator: async () =>
      config.keys?.kind === "vault" ? undefined : await opened?.ensureAdministrator(),
    pollMillisMax: pollMillisMax[config.store.kind],
    close: async () => {
      await upkeep.settled();
      await pulls.settled();
      // It still asks how long the queues are.
      await telemetry?.close();
      await close();
      log.flush();
    },
  };
}

const queues: readonly QueueName[] = ["events", "collection"];
const watchedQueues = queues.flatMap((queue) => [queue, poisonQueue(queue)]);

/** Loads nothing where telemetry is off. */
async function startTelemetry(
  settings: TelemetrySettings | undefined,
  onFailure: (signal: string, failure: string) => void,
): Promise<Telemetry | undefined> {
  if (settings === undefined) return undefined;
  const { openTelemetry } = await import("./telemetry/open.ts");
  const options = { metricMillis: settings.metricMillis, onFailure };
  if (settings.kind === "azure-monitor") {
    const { monitorExporters } = await import("./azure/monitor.ts");
    return openTelemetry(await monitorExporters(settings), options);
  }
  const { otlpExporters } = await import("./telemetry/exporters.ts");
  return openTelemetry(await otlpExporters(), options);
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

/** Answers a request by this process's app, and while that cannot be composed, by what it lacks. */
export async function answerRequest(request: IncomingRequest): Promise<Reply> {
  let app: App;
  try {
    app = await sharedApp();
  } catch (error) {
    failure = error;
    tellFailedStart();
    return await answerNotStarted(request, () => lacking.report());
  }
  return await app.handle(request);
}

/** What the last start failed with. */
let failure: unknown;
let toldFailure = "";

/** Once for each reason, since every request tries to start it. */
function tellFailedStart(): void {
  if (String(failure) === toldFailure) return;
  toldFailure = String(failure);
  const log = createLog("error", (lines) => process.stderr.write(lines));
  const faults = failure instanceof SettingsError ? failure.faults : [toldFailure];
  for (const error of faults) log.write("error", "failure", { work: "start", error });
  log.flush();
}

/** Of a registry that has not started, looked at no more often than of one that has. */
const lacking = new Readiness(async () => {
  const log = createLog("warn", (lines) => process.stderr.write(lines));
  return await explainFailedStart(process.env, failure, queues, log).finally(() => log.flush());
}, systemClock);

/** Whether messages are taken out of the queues here: only then may a queue's trigger be registered. */
export function takesQueueMessages(): boolean {
  return hasQueueTriggers(process.env);
}

/** Says that callers of this process have to say who they are, whatever its settings say. */
export function demandAuthentication(): void {
  process.env["AUTH"] = "true";
}

/** Says that this process takes messages out of the registry's own queues, whatever connection its settings name. */
export function takeOwnQueues(): void {
  process.env["WORK_STORAGE"] = ownQueues;
}
