/**
 * The error table: every code that a client can see, with its status and message.
 *
 * The first fourteen are the OCI distribution spec's; the rest come from the Docker registry API and from Azure
 * Container Registry and are used only where the OCI codes say nothing.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
export const errorTable = {
  BLOB_UNKNOWN: { status: 404, message: "blob unknown to registry" },
  BLOB_UPLOAD_INVALID: { status: 400, message: "blob upload invalid" },
  BLOB_UPLOAD_UNKNOWN: { status: 404, message: "blob upload unknown to registry" },
  DIGEST_INVALID: { status: 400, message: "provided digest did not match uploaded content" },
  MANIFEST_BLOB_UNKNOWN: {
    status: 404,
    message: "manifest references a manifest or blob unknown to registry",
  },
  MANIFEST_INVALID: { status: 400, message: "manifest invalid" },
  MANIFEST_UNKNOWN: { status: 404, message: "manifest unknown to registry" },
  NAME_INVALID: { status: 400, message: "invalid repository name" },
  NAME_UNKNOWN: { status: 404, message: "repository name not known to registry" },
  SIZE_INVALID: { status: 400, message: "provided length did not match content length" },
  UNAUTHORIZED: { status: 401, message: "authentication required" },
  DENIED: { status: 403, message: "requested access to the resource is denied" },
  UNSUPPORTED: { status: 405, message: "the operation is unsupported" },
  TOOMANYREQUESTS: { status: 429, message: "too many requests" },
  TAG_UNKNOWN: { status: 404, message: "the specified tag does not exist" },
  PAGINATION_NUMBER_INVALID: { status: 400, message: "invalid number of results requested" },
  UNAVAILABLE: { status: 503, message: "the registry cannot answer just now" },
  UNKNOWN: { status: 500, message: "unknown error" },
} as const satisfies Record<string, { status: number; message: string }>;

export type RegistryErrorCode = keyof typeof errorTable;

export interface RegistryErrorOptions {
  /** What exactly was wrong; replaces the table's message. */
  readonly message?: string;
  /** Machine-readable facts; must hold nothing secret. */
  readonly detail?: unknown;
  /** A status other than the table's, where the spec wants one (413, 414, 416). */
  readonly status?: number;
  /** Headers that the reply carries, such as the true `Range` of an upload. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The code in the management API, where it is not the one of the status. */
  readonly managementCode?: ManagementErrorCode;
}

/**
 * Codes of the management API, those of Azure Resource Manager, by their status. The first of a status stands for what has no code of
 * its own.
 * @see https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
 */
export const managementErrorTable = {
  InvalidRequestContent: 400,
  MissingApiVersionParameter: 400,
  InvalidApiVersionParameter: 400,
  LocationRequired: 400,
  LocationNotAvailableForResourceType: 400,
  AuthenticationFailed: 401,
  Forbidden: 403,
  AuthorizationFailed: 403,
  ResourceNotFound: 404,
  SubscriptionNotFound: 404,
  ResourceGroupNotFound: 404,
  MethodNotAllowed: 405,
  RequestTimeout: 408,
  Conflict: 409,
  AlreadyInUse: 409,
  RequestContentTooLarge: 413,
  RequestUriTooLong: 414,
  TooManyRequests: 429,
  InternalServerError: 500,
  ServiceUnavailable: 503,
} as const satisfies Record<string, number>;

export type ManagementErrorCode = keyof typeof managementErrorTable;

/** A broken rule. Thrown anywhere, caught and rendered only by `http/serve.ts`. */
export class RegistryError extends Error {
  readonly code: RegistryErrorCode;
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly managementCode: ManagementErrorCode | undefined;

  constructor(code: RegistryErrorCode, options: RegistryErrorOptions = {}) {
    super(options.message ?? errorTable[code].message);
    this.name = "RegistryError";
    this.code = code;
    this.status = options.status ?? errorTable[code].status;
    this.detail = options.detail;
    this.headers = options.headers ?? {};
    this.managementCode = options.managementCode;
  }
}
