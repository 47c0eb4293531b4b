import { randomBytes } from "node:crypto";
import { ulid } from "ulid";
import { PullRecorder } from "../../../shared/catalog/pulls.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { RepositoryDirectory } from "../../../shared/catalog/repository-directory.ts";
import { readConfig } from "../../../shared/config.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { readNetworkSettings } from "../../../shared/domain/network/settings.ts";
import type { Place } from "../../../shared/domain/place.ts";
import type { Prices } from "../../../shared/domain/pricing/prices.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import type { Reply } from "../../../shared/http/exchange.ts";
import { type BodyTimes, defaultBodyTimes } from "../../../shared/http/request-body.ts";
import { type Service, serve } from "../../../shared/http/serve.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { NetworkGate } from "../../../shared/tenancy/network-gate.ts";
import { RegistryDirectory } from "../../../shared/tenancy/registry-directory.ts";
import { readinessOf } from "../../support/tried-ports.ts";
import { refuseFailures } from "./built-registry.ts";
import { type Answer, type Call, framing, type Registry, type RegistryOptions } from "./registry.ts";

export interface MemoryRegistryOptions extends RegistryOptions {
  /** Makes the store one that gives URLs instead of bytes. */
  readonly sign?: (place: Place) => string;
  readonly bodyTimes?: BodyTimes;
  /** ms since 1970. Absent: the time, but never twice the same, so that what is pushed later is later. */
  readonly now?: () => number;
  readonly prices?: Prices;
  /** Accounts that one registry has for itself. */
  readonly setApart?: ReadonlySet<string>;
}

export interface MemoryRegistry extends Registry {
  readonly service: Service;
}

/** `serve` on the memory ports, called without HTTP. */
export async function openMemoryRegistry(options: MemoryRegistryOptions = {}): Promise<MemoryRegistry> {
  let log = "";
  const service = await memoryService(options, (lines) => {
    log += lines;
  });
  return {
    service,
    everyAnswer: {},
    send: async (call) => await readReply(await serve(service, incoming(call))),
    close: async () => {
      service.log.flush();
      refuseFailures(log);
    },
  };
}

async function memoryService(
  options: MemoryRegistryOptions,
  sink: (lines: string) => void,
): Promise<Service> {
  const { hosts } = readConfig({});
  const blobs = new MemoryBlobs().store();
  const { sign, now = risingClock() } = options;
  /** ms that were waited for, and passed at once. */
  let waited = 0;
  const ports: Ports = {
    documents: new MemoryDocuments().store(),
    blobs: sign === undefined ? blobs : { ...blobs, sign: async (place) => sign(place) },
    sessions: new MemorySessions().store(),
    work: new MemoryWorkQueue().store(),
    signer: keyedSigner("a key for tests"),
    clock: { now: () => now() + waited },
    ids: { ulid: () => ulid(), nonce: () => randomBytes(16).toString("base64url") },
    region: "local",
    setApart: options.setApart ?? new Set(),
    graces: usualGraces,
    tiers: usualTiers,
    prices: options.prices,
    pause: async (millis) => {
      waited += millis;
    },
  };
  const policies = { sparseManifests: options.sparseManifests ?? false };
  await ensureRegistry(ports, hosts.defaultRegistry, policies, undefined, hosts.scope.resourceGroup);
  return {
    ports,
    repositories: new RepositoryDirectory(ports),
    pulls: new PullRecorder(ports, () => {}),
    registries: new RegistryDirectory(ports),
    hosts,
    networks: new NetworkGate(readNetworkSettings({})),
    readiness: readinessOf(ports),
    bodyTimes: options.bodyTimes ?? defaultBodyTimes,
    log: createLog("warn", sink),
  };
}

function risingClock(): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1, Date.now());
    return last;
  };
}

/** The call as a door hands it over. */
export function incoming(call: Call) {
  const headers: Record<string, string> = { host: "localhost", ...framing(call), ...call.headers };
  return {
    method: call.method,
    url: call.target,
    headers: { get: (name: string) => headers[name] ?? null },
    body: call.body === undefined ? null : piecesOf(call.body),
    ...(call.peer === undefined ? {} : { peer: call.peer }),
  };
}

async function* piecesOf(body: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of body) if (piece.byteLength > 0) yield piece;
}

/** The reply, read to its end. */
export async function readReply(reply: Reply): Promise<Answer> {
  const { status, headers, body = "" } = reply;
  if (typeof body === "string" || body instanceof Uint8Array)
    return { status, headers, body: Buffer.from(body) };
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return { status, headers, body: Buffer.concat(pieces) };
}
