import { AsyncLocalStorage } from "node:async_hooks";
import { type Calls, countingPorts, noCalls } from "../../../bench/counting-ports.ts";
import type { AzureObservers } from "../../../shared/azure/open.ts";
import { PullRecorder } from "../../../shared/catalog/pulls.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { RepositoryDirectory } from "../../../shared/catalog/repository-directory.ts";
import { type Config, readConfig } from "../../../shared/config.ts";
import { readNetworkSettings } from "../../../shared/domain/network/settings.ts";
import type { IncomingRequest, Reply } from "../../../shared/http/exchange.ts";
import { defaultBodyTimes } from "../../../shared/http/request-body.ts";
import { type Service, serve } from "../../../shared/http/serve.ts";
import { type OpenedPorts, openPorts } from "../../../shared/open-ports.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { NetworkGate } from "../../../shared/tenancy/network-gate.ts";
import { RegistryDirectory } from "../../../shared/tenancy/registry-directory.ts";
import { readinessOf } from "../../support/tried-ports.ts";

/** What some work asked of Azure's services. Each is a request that is paid for. */
export interface AzureCalls {
  /** Requests of clients, which asked for all the rest. */
  readonly requests: number;
  /** Operations of Azure Storage, as its documentation names them. */
  readonly storage: readonly string[];
  /** Sessions of uploads that were written; they are among the operations of storage. */
  readonly sessionWrites: number;
  /** Point reads of documents. */
  readonly reads: number;
  /** Range reads of documents. */
  readonly lists: number;
  readonly commits: number;
  /** Documents that these wrote. */
  readonly written: number;
}

/** An instance of the registry on Azure's services, which has read nothing yet but what it reads at its start. */
export interface CountedRegistry {
  /** What its start asked for. */
  readonly start: AzureCalls;
  send(method: string, path: string, body?: Uint8Array): Promise<Reply>;
  count(work: () => Promise<unknown>): Promise<AzureCalls>;
  close(): Promise<void>;
}

class Count {
  requests = 0;
  readonly ports: Calls = noCalls();
  readonly storage: string[] = [];
  readonly documents: string[] = [];

  calls(): AzureCalls {
    const { sessionWrites, operations } = this.ports;
    const count = (...names: string[]) => this.documents.filter((name) => names.includes(name)).length;
    return {
      requests: this.requests,
      storage: this.storage,
      sessionWrites,
      reads: count("read"),
      lists: count("list"),
      commits: count("batch", "create", "replace", "upsert", "delete"),
      written: operations,
    };
  }
}

/** What is being counted by whoever asks. What the clock does, such as to read the canary, is none of it. */
const counting = new AsyncLocalStorage<Count>();
const observers: AzureObservers = {
  storage: { call: ({ operation }) => void counting.getStore()?.storage.push(operation) },
  cosmos: { charge: (operation) => void counting.getStore()?.documents.push(operation) },
};

async function count(work: () => Promise<unknown>): Promise<AzureCalls> {
  const counted = new Count();
  await counting.run(counted, work);
  return counted.calls();
}

/** @param environment of the emulators */
export async function openCountedRegistry(
  environment: Readonly<Record<string, string>>,
): Promise<CountedRegistry> {
  const config = readConfig(environment);
  const { ports, start, close } = await open(config);
  const pulls = new PullRecorder(ports, (error) => {
    throw error;
  });
  const service: Service = {
    ports,
    registries: new RegistryDirectory(ports),
    repositories: new RepositoryDirectory(ports),
    pulls,
    hosts: config.hosts,
    networks: new NetworkGate(readNetworkSettings({})),
    readiness: readinessOf(ports),
    bodyTimes: defaultBodyTimes,
    log: createLog("error", (lines) => process.stderr.write(lines)),
  };
  return {
    start,
    send: async (method, path, body) => {
      const counted = counting.getStore();
      if (counted !== undefined) counted.requests += 1;
      const reply = await serve(service, requestOf(method, path, body));
      // Nobody else waits for it; here it counts.
      await pulls.settled();
      return reply;
    },
    count,
    close,
  };
}

async function open(
  config: Config,
): Promise<{ ports: Ports; start: AzureCalls; close: () => Promise<void> }> {
  let opened: OpenedPorts | undefined;
  const start = await count(async () => {
    opened = await openPorts(config, observers);
    const { sparseManifests, serveThroughBytesMax } = config;
    const policies = {
      sparseManifests,
      ...(serveThroughBytesMax === undefined ? {} : { serveThroughBytesMax }),
    };
    await ensureRegistry(opened.ports, config.hosts.defaultRegistry, policies);
  });
  if (opened === undefined) throw new Error("the stores were opened");
  const { close } = opened;
  // The first use begins the clock's looks at the canary; they would count as the first request's.
  const nowhere = { account: opened.ports.region, container: "none", name: "none" };
  await opened.ports.blobs.sign(nowhere, { seconds: 60, mediaType: "text/plain", committedAt: 0 });
  const ports = countingPorts(opened.ports, () => counting.getStore()?.ports ?? noCalls());
  return { ports, start, close };
}

function requestOf(method: string, url: string, body: Uint8Array | undefined): IncomingRequest {
  const headers: Record<string, string> = { host: "localhost" };
  if (body !== undefined) headers["content-length"] = String(body.byteLength);
  if (url.includes("/manifests/")) headers["content-type"] = "application/vnd.oci.image.manifest.v1+json";
  return {
    method,
    url,
    headers: { get: (name) => headers[name] ?? null },
    body: body === undefined ? null : once(body),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
