import { setTimeout as sleep } from "node:timers/promises";
import { RegistryError } from "../../domain/errors.ts";
import { CosmosFailure, type Failure, failureOf, type Verdict } from "./failure.ts";

/** How long a call of the port may take, and how often it may be tried again. */
export interface CosmosBudget {
  /** ms until one request is given up; the service itself works on one for at most 5 s. */
  readonly requestMillis: number;
  /** ms until the whole call is. */
  readonly callMillis: number;
  readonly retriesMax: number;
  /** ms that all waiting between tries may take. */
  readonly waitMillisMax: number;
}

export const cosmosBudget: CosmosBudget = {
  requestMillis: 6_000,
  callMillis: 15_000,
  retriesMax: 3,
  waitMillisMax: 2_000,
};

/** The first pause; each is twice the one before. */
const firstPauseMillis = 20;
/** Seconds after which a client may come again, when the service does not say. */
const retryAfterSecondsMin = 1;

export type Ended<T> = { readonly value: T } | { readonly failure: Failure };

/** Nothing was applied, so that trying again is safe for writes. */
const untouched: readonly Verdict[] = ["throttled", "contended", "moved", "unsent"];
export const repeatable = { writes: untouched, reads: [...untouched, "lost"] } as const;

/**
 * Runs `attempt` until it ends in a way that is not worth another try, within the budget. The signal aborts at the deadline,
 * after which nothing is sent any more.
 * @throws what is neither an answer of the service nor a trouble on the way to it
 */
export async function callCosmos<T>(
  budget: CosmosBudget,
  verdicts: readonly Verdict[],
  attempt: (signal: AbortSignal) => Promise<T>,
  beforeRetry: (failure: Failure) => Promise<void>,
): Promise<Ended<T>> {
  const controller = new AbortController();
  const deadline = late(budget.callMillis, controller);
  let waited = 0;
  try {
    for (let retry = 0; ; retry++) {
      const running = ending(attempt(controller.signal));
      // What it ends with after the deadline is nobody's any more.
      running.catch(() => {});
      const ended = await Promise.race([running, deadline.promise]);
      if ("value" in ended || !verdicts.includes(ended.failure.verdict)) return ended;
      const pause = pauseBefore(retry, ended.failure.retryAfterMillis);
      waited += pause;
      if (retry >= budget.retriesMax || waited > budget.waitMillisMax || controller.signal.aborted)
        return ended;
      const ready = Promise.all([sleep(pause), beforeRetry(ended.failure)]);
      const expired = await Promise.race([ready, deadline.promise]);
      if (!Array.isArray(expired)) return ended;
    }
  } finally {
    deadline.cancel();
  }
}

async function ending<T>(running: Promise<T>): Promise<Ended<T>> {
  try {
    return { value: await running };
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    return { failure };
  }
}

/** What the service asks for, or a pause that doubles; half of it again at random, so that callers do not come back in step. */
function pauseBefore(retry: number, retryAfterMillis: number): number {
  return Math.max(retryAfterMillis, firstPauseMillis * 2 ** retry) * (1 + Math.random() / 2);
}

function late(millis: number, controller: AbortController) {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<{ readonly failure: Failure }>((resolve) => {
    timer = setTimeout(() => {
      controller.abort();
      const message = `Cosmos DB did not answer within ${millis} ms`;
      resolve({ failure: { verdict: "lost", retryAfterMillis: 0, message } });
    }, millis);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

/** The failure as what a caller of the port sees: to come again later, or that something here is wrong. */
export function errorOf(failure: Failure): Error {
  const seconds = Math.max(retryAfterSecondsMin, Math.ceil(failure.retryAfterMillis / 1000));
  const headers = { "retry-after": String(seconds) };
  switch (failure.verdict) {
    case "throttled":
    case "contended":
      return withCause(
        new RegistryError("TOOMANYREQUESTS", { message: "the registry's database is busy", headers }),
        failure,
      );
    case "moved":
    case "unsent":
    case "lost":
      return withCause(
        new RegistryError("UNAVAILABLE", { message: "the registry's database is away just now", headers }),
        failure,
      );
    case "absent":
    case "conflict":
    case "refused":
      return new CosmosFailure(failure);
  }
}

function withCause(error: RegistryError, failure: Failure): RegistryError {
  error.cause = failure.message;
  return error;
}
