import { RegistryError } from "../../domain/errors.ts";

/**
 * `throttled`: the service asks for patience. `away`: it did not answer in time, or not as it should; whether the call had an
 * effect is not known. `refused`: it answered, and repeating the call changes nothing.
 */
export type FaultKind = "throttled" | "away" | "refused";

/** Seconds after which a client may come again when the service named no time of its own. */
const retryAfterSeconds = 5;

/**
 * A failed call to storage. Made of facts that hold no secret: the library's own errors carry the request, with its tokens and
 * signed URLs, and go no further than here.
 */
export class StorageFault extends Error {
  readonly kind: FaultKind;
  readonly operation: string;
  /** HTTP status, 0 when there was no answer. */
  readonly status: number;
  /** The service's code, such as BlobNotFound, or the system's, such as ECONNREFUSED. */
  readonly code: string;
  /** Seconds that the service asks to wait. */
  readonly retryAfter: number | undefined;
  /** Times that the call was made; above 1 an earlier one may have had its effect. */
  readonly attempts: number;

  constructor(
    operation: string,
    facts: Omit<FaultFacts, "requestId"> & { requestId?: string },
    attempts = 1,
  ) {
    const requestId = facts.requestId === undefined ? "" : ` (request ${facts.requestId})`;
    super(`${operation}: storage answered ${facts.status || "nothing"} ${facts.code}${requestId}`);
    this.name = "StorageFault";
    this.kind = facts.kind;
    this.operation = operation;
    this.status = facts.status;
    this.code = facts.code;
    this.retryAfter = facts.retryAfter;
    this.attempts = attempts;
  }
}

interface FaultFacts {
  readonly kind: FaultKind;
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number | undefined;
  readonly requestId: string | undefined;
}

/** What a library's error looks like from here: RestError of the storage libraries, AbortError, errors of the identity library. */
interface Thrown {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly details?: { readonly errorCode?: unknown };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}

/**
 * The fault that a library's error tells of; undefined for an error that is none of the service's, but a mistake in a program.
 * @see https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
 */
export function faultOf(operation: string, error: unknown, attempts: number): StorageFault | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if (error instanceof StorageFault) return error;
  const thrown = error as Thrown;
  if (!fromOutside.test(String(thrown.name)) && !/^E[A-Z_]+$/.test(String(thrown.code))) return undefined;
  const status = typeof thrown.statusCode === "number" ? thrown.statusCode : 0;
  const code = word(thrown.details?.errorCode) ?? word(thrown.code) ?? word(thrown.name) ?? "unknown";
  const headers = thrown.response?.headers;
  const wait = Number(headers?.get("retry-after") ?? Number.NaN);
  const retryAfter = Number.isFinite(wait) && wait >= 0 ? wait : undefined;
  const requestId = word(headers?.get("x-ms-request-id"));
  const kind = kindOf(status, code);
  return new StorageFault(
    operation,
    { kind, status, code, retryAfter, ...(requestId === undefined ? {} : { requestId }) },
    attempts,
  );
}

/** Names of errors of the HTTP client, of an aborted call, and of the identity library. */
const fromOutside =
  /^(RestError|AbortError|TimeoutError|AuthenticationError|AggregateAuthenticationError|CredentialUnavailableError)$/;

function kindOf(status: number, code: string): FaultKind {
  if (status === 429 || code === "ServerBusy" || isLeased(code)) return "throttled";
  if (status === 0 || status === 408 || status >= 500) return "away";
  // What arrived, there or here, is not what was sent: to send it again may do better.
  if (code === "Md5Mismatch" || code === "PARSE_ERROR") return "away";
  return "refused";
}

/** Somebody has a blob to himself for a moment: while he reads back what is staged there. */
export function isLeased(code: string): boolean {
  return code === "LeaseIdMissing" || code === "LeaseAlreadyPresent";
}

/** A name and nothing else: whatever could hide a token is not one. */
function word(value: unknown): string | undefined {
  return typeof value === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(value) ? value : undefined;
}

/** What the client is told: to wait, or, when the account refuses us, nothing that it could change. */
export function asRegistryError(fault: StorageFault): Error {
  if (fault.kind === "refused") return fault;
  const error = unavailable(fault.kind === "throttled" ? "TOOMANYREQUESTS" : "UNAVAILABLE", fault.retryAfter);
  error.cause = fault.message;
  return error;
}

export function unavailable(
  code: "TOOMANYREQUESTS" | "UNAVAILABLE" = "UNAVAILABLE",
  seconds: number = retryAfterSeconds,
): RegistryError {
  return new RegistryError(code, {
    message:
      code === "UNAVAILABLE" ? "the registry's storage is away just now" : "the registry's storage is busy",
    headers: { "retry-after": String(Math.max(1, Math.ceil(seconds))) },
  });
}
