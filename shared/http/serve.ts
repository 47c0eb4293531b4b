import type { PullRecorder } from "../catalog/pulls.ts";
import { noSuchRegistry } from "../catalog/registries.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import type { RepositoryDirectory } from "../catalog/repository-directory.ts";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { parseRepositoryName, type RegistryName } from "../domain/name.ts";
import { anybody, type Caller } from "../identity/caller.ts";
import type { NetworkOf } from "../identity/failed-logins.ts";
import type { Identity } from "../identity/identity.ts";
import { identityOf } from "../identity/principal.ts";
import type { Ports } from "../ports/ports.ts";
import type { Readiness } from "../readiness/readiness.ts";
import type { Log } from "../telemetry/log.ts";
import type { ObservedRequest, Telemetry } from "../telemetry/telemetry.ts";
import type { NetworkGate } from "../tenancy/network-gate.ts";
import type { RateLimiter } from "../tenancy/rate-limiter.ts";
import type { RefusalPace } from "../tenancy/refusal-pace.ts";
import { answerAcr } from "./acr/answer-acr.ts";
import { answerDeletedCatalog } from "./acr/answer-deleted.ts";
import { formatAcrPath, isAcrRoute } from "./acr/route.ts";
import { type Hosts, resolveAddress } from "./address.ts";
import { answerBlob } from "./answer-blob.ts";
import { answerCatalog, answerReferrers, answerTags } from "./answer-list.ts";
import { answerManifest } from "./answer-manifest.ts";
import { answerUpload, answerUploadStart, sourceOf } from "./answer-upload.ts";
import { answerAuth } from "./auth/answer-auth.ts";
import { authorize } from "./auth/authorize.ts";
import { managerOf } from "./auth/manager.ts";
import { hintsOf, registryMeant } from "./auth/registry-of.ts";
import { requirementOf } from "./auth/requirement.ts";
import { type AuthRoute, isAuthRoute } from "./auth/route.ts";
import type { Exchange, IncomingRequest, Reply } from "./exchange.ts";
import { jsonReply } from "./json.ts";
import { answerManagement } from "./management/answer-management.ts";
import { type ArmRoute, isManagementPath } from "./management/route.ts";
import { observeReply, observeRequest } from "./observe-request.ts";
import { readinessReply } from "./readiness-reply.ts";
import { renderError } from "./render-error.ts";
import { type BodyTimes, RequestBody } from "./request-body.ts";
import { requestKindOf } from "./request-kind.ts";
import { logFailure, logRequest } from "./request-log.ts";
import { parseRoute, type Route, routeMethods } from "./route.ts";
import { schemeOf, splitTarget, type Target } from "./target.ts";

/** All that requests are served from. */
export interface Service {
  readonly ports: Ports;
  readonly registries: {
    find(name: RegistryName): RegistryDocument | undefined | Promise<RegistryDocument | undefined>;
    forget(name: RegistryName): void;
  };
  readonly repositories: RepositoryDirectory;
  readonly pulls: Pick<PullRecorder, "note">;
  readonly hosts: Hosts;
  readonly networks: NetworkGate;
  /** Absent where nobody has to say who he is. */
  readonly identity?: Identity | undefined;
  /** Absent where nobody has to say who he is: whoever is alone here need not be kept from others. */
  readonly rates?: RateLimiter | undefined;
  /** Absent where refusals are answered at once. */
  readonly pace?: RefusalPace | undefined;
  readonly readiness: Pick<Readiness, "report">;
  readonly bodyTimes: BodyTimes;
  readonly log: Log;
  /** The part of all requests that get a line in the log, 0 to 1; usually 1. */
  readonly accessLogSample?: number;
  /** Absent where telemetry is off. */
  readonly telemetry?: Telemetry | undefined;
}

/** How far a request came in. */
interface Arrival {
  readonly observed: ObservedRequest | undefined;
  readonly networkOf: NetworkOf;
  /** The registry that it asks. */
  rid: string;
  /** Whether it was let in: then its registry's limits bound it, or it is the administrator's. */
  admitted: boolean;
}

/** The one pipeline: request -> route -> registry -> use case -> reply. Never throws; every error is rendered here. */
export function serve(service: Service, request: IncomingRequest): Promise<Reply> {
  const observed = service.telemetry === undefined ? undefined : observeRequest(service.telemetry, request);
  if (observed === undefined) return reply(service, request);
  return observed.run(() => reply(service, request, observed));
}

async function reply(service: Service, request: IncomingRequest, observed?: ObservedRequest): Promise<Reply> {
  const startedAt = performance.now();
  const target = splitTarget(request.url);
  const networkOf = () => service.networks.networkOf(request);
  const arrival: Arrival = { observed, networkOf, rid: "", admitted: false };
  let body: RequestBody | undefined;
  let made: Reply;
  try {
    body = new RequestBody(request.body, request.headers.get("content-length"), service.bodyTimes);
    made = await answer(service, request, target, body, arrival);
  } catch (error) {
    if (!(error instanceof RegistryError)) logFailure(service.log, request, error);
    made = renderError(error, request.method, target.path);
    if (!arrival.admitted && made.status < 500) made = await paced(service, arrival, made);
  }
  // A reply before the end of the body is lost on the way, or taken for the reply to the next request.
  if (body?.ended !== true && (body === undefined || !(await body.drain(limits.drainBytesMax)))) {
    made = { ...made, headers: { ...made.headers, connection: "close" } };
  }
  const received = body?.received ?? 0;
  const { log, accessLogSample = 1 } = service;
  logRequest(log, accessLogSample, request, made, received, performance.now() - startedAt);
  if (made.body !== undefined && typeof made.body !== "string" && !(made.body instanceof Uint8Array))
    made = { ...made, body: watched(log, request, made.body) };
  return observed === undefined ? made : observeReply(observed, made, received);
}

/** A refusal, held back where there are too many of them. */
async function paced({ pace }: Service, { rid, networkOf }: Arrival, refusal: Reply): Promise<Reply> {
  const seconds = pace === undefined ? 0 : await pace.hold(rid, networkOf());
  const after = refusal.headers["retry-after"];
  if (seconds === 0 || after === undefined) return refusal;
  return {
    ...refusal,
    headers: { ...refusal.headers, "retry-after": String(Math.max(1, Number(after) - seconds)) },
  };
}

/** A body that fails half-way cannot be rendered as an error any more; the door cuts it off, and here it is told. */
async function* watched(
  log: Log,
  request: IncomingRequest,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, Uint8Array | undefined> {
  try {
    yield* body;
  } catch (error) {
    logFailure(log, request, error);
    throw error;
  }
}

/** Most requests have none, and to make one each time costs as much as routing. Nobody changes it. */
const noQuery = new URLSearchParams();

async function answer(
  service: Service,
  request: IncomingRequest,
  target: Target,
  body: RequestBody,
  arrival: Arrival,
): Promise<Reply> {
  const { method, headers } = request;
  const { networkOf } = arrival;
  const route = routeOf(request, target);
  if (route.kind === "health") return jsonReply(method, { status: "ok" });
  if (route.kind === "readiness") return readinessReply(method, await service.readiness.report());
  const host = service.networks.hostAsked(request) ?? target.host ?? headers.get("host") ?? "";
  const query = target.query === "" ? noQuery : new URLSearchParams(target.query);
  if ("subscription" in route) {
    const manager = await managerOf(service, headers.get("authorization"), networkOf);
    arrival.admitted = manager.roles.length > 0;
    const asked = { host, scheme: schemeOf(request.url, headers), method, query, body };
    return await answerManagement({ ...service, ...asked, manager }, route);
  }
  if (isAuthRoute(route)) {
    const addressed = ({ rid, policies }: RegistryDocument) => {
      arrival.rid = rid;
      service.networks.admit(policies, request);
    };
    return await answerAuth({ ...service, host, method, headers, query, body, addressed, networkOf }, route);
  }
  const address =
    route.kind === "base"
      ? { ...registryMeant(service.hosts, host, hintsOf(headers.get("authorization"))), name: "" }
      : resolveAddress(service.hosts, host, "name" in route ? route.name : "");
  const found = address.registry === undefined ? undefined : service.registries.find(address.registry);
  const registry = found instanceof Promise ? await found : found;
  if (registry === undefined) throw noSuchRegistry();
  arrival.observed?.addressed(registry.name);
  arrival.rid = registry.rid;
  service.networks.admit(registry.policies, request);
  const { identity, repositories } = service;
  const { name, prefix } = address;
  let caller: Caller | Promise<Caller> = anybody;
  if (identity !== undefined) {
    const mountFrom = route.kind === "upload-start" ? sourceOf(query) : undefined;
    const entrance = { scheme: schemeOf(request.url, headers), host, mountFrom };
    const sent = { authorization: headers.get("authorization"), hasBody: body.length !== 0, networkOf };
    const approach = { ...sent, identity, registry, repositories, entrance, name, prefix };
    caller = authorize(approach, requirementOf(route.kind, method));
    // Most callers were verified of late, and are known without a promise.
    if (caller instanceof Promise) caller = await caller;
  }
  service.rates?.admit(registry, identityOf(caller.principal), requestKindOf(route.kind, method));
  arrival.admitted = true;
  if (route.kind === "base") return jsonReply(method, {});
  const exchange: Exchange = {
    ports: service.ports,
    registry,
    repositories,
    pulls: service.pulls,
    caller,
    identity,
    method,
    headers,
    query,
    body,
    host: host.toLowerCase(),
    prefix,
  };
  const made = await dispatch(exchange, route, name);
  if (method !== "GET" && method !== "HEAD") await demandStillThere(service, registry);
  return made;
}

/** @throws RegistryError for whatever no route answers */
function routeOf({ method, url }: IncomingRequest, { path }: Target): Route {
  if (url.length > limits.targetCharsMax) {
    const message = `a request target has at most ${limits.targetCharsMax} characters`;
    throw new RegistryError("UNSUPPORTED", { status: 414, message });
  }
  const route = parseRoute(path);
  if (route === undefined) {
    const message = isManagementPath(path)
      ? "the management API of this registry has no such resource or operation"
      : "no such API route";
    throw new RegistryError("UNSUPPORTED", { status: 404, message });
  }
  if (!routeMethods[route.kind].includes(method)) {
    throw new RegistryError("UNSUPPORTED", { headers: { allow: routeMethods[route.kind].join(", ") } });
  }
  return route;
}

/**
 * What was done to a registry that has been deleted meanwhile is not acknowledged: it is purged with it. No more reads than before, since
 * a registry is remembered for a while.
 * @throws RegistryError NAME_UNKNOWN
 */
async function demandStillThere({ registries }: Service, { name, rid }: RegistryDocument): Promise<void> {
  const found = registries.find(name);
  const registry = found instanceof Promise ? await found : found;
  if (registry?.rid !== rid) throw noSuchRegistry();
}

async function dispatch(
  exchange: Exchange,
  route: Exclude<Route, { kind: "health" | "readiness" | "base" } | ArmRoute | AuthRoute>,
  nameText: string,
): Promise<Reply> {
  if (!("name" in route)) {
    if (route.kind === "acr-deleted-catalog") return await answerDeletedCatalog(exchange);
    return await answerCatalog(
      exchange,
      route.kind === "catalog" ? "/v2/_catalog" : formatAcrPath("_catalog"),
    );
  }
  const repository = { ...exchange, name: parseRepositoryName(nameText) };
  if (isAcrRoute(route)) return await answerAcr(repository, route);
  switch (route.kind) {
    case "blob":
      return await answerBlob(repository, route.digest);
    case "upload-start":
      return await answerUploadStart(repository);
    case "upload":
      return await answerUpload(repository, route.ticket);
    case "manifest":
      return await answerManifest(repository, route.reference);
    case "tags":
      return await answerTags(repository);
    case "referrers":
      return await answerReferrers(repository, route.digest);
  }
}
