import { ensureRegistry } from "../shared/catalog/registries.ts";
import { RepositoryDirectory } from "../shared/catalog/repository-directory.ts";
import type { RegistryName, RepositoryName } from "../shared/domain/name.ts";
import { readNetworkSettings } from "../shared/domain/network/settings.ts";
import type { IncomingRequest } from "../shared/http/exchange.ts";
import { defaultBodyTimes } from "../shared/http/request-body.ts";
import { type Service, serve } from "../shared/http/serve.ts";
import { openLocalPorts } from "../shared/local/open.ts";
import { Readiness, reportOn } from "../shared/readiness/readiness.ts";
import { createLog } from "../shared/telemetry/log.ts";
import { NetworkGate } from "../shared/tenancy/network-gate.ts";
import { RegistryDirectory } from "../shared/tenancy/registry-directory.ts";
import type { Comparison } from "./comparison.ts";
import { type Calls, countingPorts, noCalls } from "./counting-ports.ts";
import { operations, type Send } from "./operations.ts";
import type { Bench } from "./part.ts";

const registryName = "local" as RegistryName;
/** Which the operations that read are about. */
const readRepository = "bench/first" as RepositoryName;

const columns: readonly [heading: string, value: (calls: Calls) => string | number][] = [
  ["reads", (calls) => calls.documentReads],
  ["range reads", (calls) => calls.documentLists],
  ["commits", (calls) => calls.commits],
  ["documents", (calls) => calls.operations],
  ["session r/w", (calls) => `${calls.sessionReads}/${calls.sessionWrites}`],
];

/**
 * What each operation asks of the store, counted at the ports: on Azure every such call is charged, and is what an operation
 * waits for. The documents of registry and repository are known already, as they are to all requests but one in 30 and in 5 seconds.
 */
export async function countRequests(bench: Bench): Promise<Comparison[]> {
  const { ports, close } = await openLocalPorts(bench.folder);
  await ensureRegistry(ports, registryName, { sparseManifests: false });
  let calls = noCalls();
  const counted = countingPorts(ports, () => calls);
  const registries = new RegistryDirectory(counted);
  const registry = await registries.find(registryName);
  if (registry === undefined) throw new Error("the registry was made");
  const repositories = new RepositoryDirectory(counted);
  const send = sender({
    ports: counted,
    registries,
    repositories,
    pulls: { note: () => {} },
    hosts: {
      plain: ["localhost"],
      shared: [],
      domain: "localhost",
      defaultRegistry: registryName,
      scope: { subscriptionId: "", resourceGroup: "" },
    },
    networks: new NetworkGate(readNetworkSettings({})),
    readiness: new Readiness(() => reportOn([], () => {}), counted.clock),
    bodyTimes: defaultBodyTimes,
    log: createLog("error", (lines) => process.stderr.write(lines)),
  });
  bench.print(formatRow("operation", [...columns.map(([heading]) => heading), " blob store"]));
  for (const { what, run } of operations) {
    await repositories.find(registry, readRepository);
    calls = noCalls();
    await run(send);
    bench.print(formatCalls(what, calls));
    bench.detail({ what, ...calls });
  }
  await close();
  return [];
}

function sender(service: Service): Send {
  return async (method, path, body, headers = {}) => {
    const request: IncomingRequest = {
      method,
      url: path,
      headers: { get: (name) => (name === "host" ? "localhost" : (headers[name] ?? null)) },
      body: body === undefined ? null : bodyOf(body),
    };
    const reply = await serve(service, request);
    if (reply.status >= 400) throw new Error(`${method} ${path}: ${reply.status} ${String(reply.body)}`);
    if (typeof reply.body === "object" && !(reply.body instanceof Uint8Array)) {
      for await (const _ of reply.body);
    }
    return reply;
  };
}

async function* bodyOf(bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

function formatCalls(what: string, calls: Calls): string {
  const names = Map.groupBy(calls.blobCalls, (name) => name);
  const blobCalls = [...names].map(([name, { length }]) => (length === 1 ? name : `${name} x${length}`));
  const values = columns.map(([, value]) => String(value(calls)));
  return formatRow(what, [...values, ` ${blobCalls.join(", ") || "-"}`]);
}

/** The last cell is text and stays as long as it is. */
function formatRow(what: string, cells: readonly string[]): string {
  return (
    what.padEnd(38) + cells.map((cell, index) => (index < columns.length ? cell.padStart(12) : cell)).join("")
  );
}
