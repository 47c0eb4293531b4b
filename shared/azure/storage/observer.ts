import type { RequestPolicyFactory } from "@azure/storage-blob";

/** One request on the wire; a call that is tried again is observed again. */
export interface StorageCall {
  readonly service: "blob" | "queue";
  /** As the service's documentation names it, such as `PutBlock`. */
  readonly operation: string;
  /** Until the answer began. */
  readonly millis: number;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Content-Length of what was sent and of the answer. */
  readonly bytes: number;
}

/** Told of every request, for telemetry and for tests that count. Must not throw. */
export interface StorageObserver {
  call(call: StorageCall): void;
}

/** A part of the library's pipeline, nearest to the wire, that tells the observer. */
export function observing(service: StorageCall["service"], observer: StorageObserver): RequestPolicyFactory {
  return {
    create: (next) => ({
      sendRequest: async (request) => {
        const started = performance.now();
        let status = 0;
        let bytes = Number(request.headers.get("content-length") ?? 0);
        try {
          const response = await next.sendRequest(request);
          status = response.status;
          if (request.method !== "HEAD") bytes += Number(response.headers.get("content-length") ?? 0);
          return response;
        } catch (error) {
          // A refusal comes as an error already.
          const { statusCode } = error as { readonly statusCode?: unknown };
          if (typeof statusCode === "number") status = statusCode;
          throw error;
        } finally {
          const operation = operationOf(service, request.method, request.url);
          observer.call({ service, operation, millis: performance.now() - started, status, bytes });
        }
      },
    }),
  };
}

/**
 * The operation that a request is, by its method and the parameters that tell operations apart; of those that the registry
 * uses.
 * @see https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
 */
export function operationOf(service: StorageCall["service"], method: string, url: string): string {
  const { searchParams, pathname } = new URL(url);
  const kind = [searchParams.get("restype"), searchParams.get("comp")]
    .filter((part) => part !== null)
    .join("/");
  if (service === "queue")
    return queueOperations[`${method} ${messagePart(pathname)}${kind}`] ?? `${method} ${kind}`;
  return blobOperations[`${method} ${kind}`] ?? `${method} ${kind}`;
}

const blobOperations: Readonly<Record<string, string>> = {
  "PUT ": "PutBlob",
  "PUT block": "PutBlock",
  "PUT blocklist": "PutBlockList",
  "PUT lease": "LeaseBlob",
  "GET blocklist": "GetBlockList",
  "GET ": "GetBlob",
  "HEAD ": "GetBlobProperties",
  "DELETE ": "DeleteBlob",
  "PUT container": "CreateContainer",
  "GET container/list": "ListBlobs",
  "GET service/stats": "GetBlobServiceStats",
  "POST service/userdelegationkey": "GetUserDelegationKey",
};

const queueOperations: Readonly<Record<string, string>> = {
  "PUT ": "CreateQueue",
  "GET metadata": "GetQueueMetadata",
  "POST messages": "PutMessage",
  "GET messages": "GetMessages",
  "DELETE messages": "DeleteMessage",
};

/** `messages` for a path that ends in it, or in a message's id behind it. */
function messagePart(pathname: string): string {
  return /\/messages(\/[^/]+)?$/.test(pathname) ? "messages" : "";
}
