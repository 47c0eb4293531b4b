/**
 * What became of a request to Cosmos DB that was not answered with what it asked for.
 *
 * - `absent`: there is no such document.
 * - `conflict`: a precondition failed; nothing was applied.
 * - `throttled`, `contended`: refused before it was applied, to be asked again later.
 * - `moved`: this is not the write region; nothing was applied.
 * - `unsent`: it never left this machine.
 * - `lost`: it may have been applied.
 * - `refused`: it can never succeed as it is.
 */
export type Verdict =
  | "absent"
  | "conflict"
  | "throttled"
  | "contended"
  | "moved"
  | "unsent"
  | "lost"
  | "refused";

export interface Failure {
  readonly verdict: Verdict;
  /** What the service asks to wait, if it does. */
  readonly retryAfterMillis: number;
  /** For people: the status and the service's words. */
  readonly message: string;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
}

/** Codes of the errors that the transport makes; none of them is one that the SDK retries by itself. */
export const lostCode = "COSMOS_LOST";
export const unsentCode = "COSMOS_UNSENT";

/**
 * The table of statuses. 408, 410 and 5xx count as lost although the service promises for some of them that nothing was
 * applied: a gateway on the way answers with the same numbers.
 * @see https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb
 */
function verdictOf(status: number, substatus: number): Verdict {
  switch (status) {
    case 404:
      // Other substatuses tell of an absent container, or of a replica that lags behind a session.
      return substatus === 0 ? "absent" : substatus === 1002 ? "lost" : "refused";
    case 409:
    case 412:
      return "conflict";
    case 429:
      return "throttled";
    case 449:
      return "contended";
    case 403:
      // 3: writes are forbidden here; 1008: the account is not in this region any more.
      return substatus === 3 || substatus === 1008 ? "moved" : "refused";
    case 408:
    case 410:
      return "lost";
    default:
      return status >= 500 ? "lost" : "refused";
  }
}

/** An answer that is an error, as a failure. */
export function failureOfStatus(status: number, substatus = 0, retryAfterMillis = 0, words = ""): Failure {
  const message = `Cosmos DB answered ${status}/${substatus} ${words}`.trimEnd();
  return { verdict: verdictOf(status, substatus), retryAfterMillis, message, status };
}

/** A failure that was read out of an answer, on its way to whoever decides about it. */
export class CosmosFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = "CosmosFailure";
    this.failure = failure;
  }
}

/** Errors of the identity library: there was no token, so nothing was sent. */
const identityError = /^(AuthenticationError|AggregateAuthenticationError|CredentialUnavailableError)$/;

/** What was thrown, as a failure; undefined for what is none of the service's doing, such as a bug. */
export function failureOf(thrown: unknown): Failure | undefined {
  const error = underlying(thrown);
  if (error === undefined) return undefined;
  if (error instanceof CosmosFailure) return error.failure;
  const { message } = error;
  if (identityError.test(error.name)) {
    return { verdict: "unsent", retryAfterMillis: 0, message: `no token for Cosmos DB: ${error.name}` };
  }
  switch (error.code) {
    case unsentCode:
      return { verdict: "unsent", retryAfterMillis: 0, message };
    case lostCode:
    case "TimeoutError":
      return { verdict: "lost", retryAfterMillis: 0, message };
  }
  if (error.name === "AbortError") return { verdict: "lost", retryAfterMillis: 0, message };
  if (typeof error.code !== "number" || error.code < 400) return undefined;
  const firstLine = message.split(/\r?\n/, 1)[0] ?? "";
  return failureOfStatus(error.code, error.substatus ?? 0, error.retryAfterInMs ?? 0, firstLine);
}

interface SdkError extends Error {
  code?: unknown;
  substatus?: number;
  retryAfterInMs?: number;
}

/** The SDK wraps what went wrong with a batch into an error without a code. */
function underlying(thrown: unknown): SdkError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { cause } = thrown;
  return cause instanceof Error && !("code" in thrown) ? cause : thrown;
}
