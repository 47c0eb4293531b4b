/**
 * Names of everything that is exported. Where OpenTelemetry or Azure Container Registry has a name, it is that one.
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 * @see https://opentelemetry.io/docs/specs/semconv/database/cosmosdb/
 * @see https://learn.microsoft.com/azure/container-registry/monitor-container-registry-reference
 */
export const metrics = {
  requestDuration: "http.server.request.duration",
  requestBytes: "http.server.request.body.size",
  responseBytes: "http.server.response.body.size",
  pulls: "TotalPullCount",
  pullsDone: "SuccessfulPullCount",
  pushes: "TotalPushCount",
  pushesDone: "SuccessfulPushCount",
  databaseDuration: "db.client.operation.duration",
  databaseCharge: "azure.cosmosdb.client.operation.request_charge",
  storageDuration: "portolan.storage.operation.duration",
  queueDepth: "portolan.queue.depth",
  collectionCandidates: "portolan.collection.candidates",
  collectionCondemned: "portolan.collection.condemned",
  collectionRevived: "portolan.collection.revived",
  collectionPlaces: "portolan.collection.places",
  collectionBytes: "portolan.collection.bytes",
  collectionLateness: "portolan.collection.lateness",
} as const;

/** Attributes of metrics and spans. */
export const attributes = {
  method: "http.request.method",
  /** The kind of route, as shared/http/route.ts names them. */
  route: "http.route",
  status: "http.response.status_code",
  error: "error.type",
  registry: "portolan.registry",
  database: "db.system.name",
  databaseOperation: "db.operation.name",
  databaseStatus: "db.response.status_code",
  storageService: "portolan.storage.service",
  storageOperation: "portolan.storage.operation",
  queue: "portolan.queue.name",
} as const;

/** Attributes of spans alone. */
export const spanAttributes = {
  scheme: "url.scheme",
  host: "server.address",
  path: "url.path",
  query: "url.query",
  client: "user_agent.original",
  requestBytes: "http.request.body.size",
  responseBytes: "http.response.body.size",
  /** What the request cost, in sum. */
  storageCalls: "portolan.storage.calls",
  databaseCalls: "portolan.database.calls",
  databaseCharge: "portolan.database.charge",
  /** Of one call to the database. */
  charge: "azure.cosmosdb.operation.request_charge",
} as const;

/** The value of `db.system.name`. */
export const cosmosSystem = "azure.cosmosdb";

/** The instrumentation scope of it all, and the service unless `OTEL_SERVICE_NAME` says otherwise. */
export const scope = "portolan";
