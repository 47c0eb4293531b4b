import type { CosmosClientOptions } from "@azure/cosmos";

export type HttpClient = NonNullable<CosmosClientOptions["httpClient"]>;
export type HttpRequest = Parameters<HttpClient["sendRequest"]>[0];

/** Told of every request to Cosmos DB, for telemetry and for tests that count. Must not throw. */
export interface CosmosObserver {
  /**
   * @param operation one of `read`, `list`, `create`, `replace`, `upsert`, `delete`, `batch`, `changes`, and `metadata` for what
   *   the SDK asks about the account and the container
   * @param requestUnits what the service charged, 0 when it did not say
   * @param millis until the answer was whole
   * @param status HTTP status, 0 when there was no answer
   */
  charge(operation: string, requestUnits: number, millis: number, status: number): void;
}

/** What a request is for, by its path and the headers that tell operations apart. */
export function operationOf(request: HttpRequest): string {
  const path = new URL(request.url).pathname;
  const item = /\/docs(\/[^/]+)?\/?$/.exec(path);
  if (item === null) return "metadata";
  const { headers } = request;
  const has = (name: string) => headers.get(name)?.toLowerCase() === "true";
  if (request.method === "GET") return headers.has("a-im") ? "changes" : "read";
  if (request.method === "PUT") return "replace";
  if (request.method === "DELETE") return "delete";
  if (has("x-ms-documentdb-isquery") || has("x-ms-documentdb-query")) return "list";
  if (has("x-ms-cosmos-is-batch-request")) return "batch";
  return has("x-ms-documentdb-is-upsert") ? "upsert" : "create";
}
