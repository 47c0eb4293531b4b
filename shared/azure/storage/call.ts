import { setTimeout as sleep } from "node:timers/promises";
import { asRegistryError, faultOf, isLeased, StorageFault } from "./errors.ts";

/** How long a call may take. */
export interface CallBudget {
  /** ms after which one attempt is given up. */
  readonly attemptMillis: number;
  /** ms after which the call is, with all its attempts and the waiting between them. */
  readonly totalMillis: number;
  readonly attemptsMax: number;
}

export const budgets = {
  /** Small reads and writes, on which a client waits. */
  small: { attemptMillis: 5_000, totalMillis: 15_000, attemptsMax: 4 },
  /** A small blob on its way up. */
  put: { attemptMillis: 60_000, totalMillis: 120_000, attemptsMax: 4 },
  /** A block on its way up, as long as it gets on. */
  block: { attemptMillis: 120_000, totalMillis: 240_000, attemptsMax: 4 },
  /** A list of blocks that makes a blob: of up to 50,000 of them. */
  commit: { attemptMillis: 30_000, totalMillis: 60_000, attemptsMax: 4 },
  /** The first bytes of a blob that is served through; an attempt may have to learn first which endpoint answers. */
  open: { attemptMillis: 9_000, totalMillis: 12_000, attemptsMax: 3 },
  /** The canary: nobody waits for it, and it must be quick to tell. */
  probe: { attemptMillis: 2_500, totalMillis: 2_500, attemptsMax: 1 },
} as const satisfies Record<string, CallBudget>;

/**
 * ms without progress after which the sending of a block is given up. A limit for the whole block would turn a slow line, or many
 * pushes at once, into retries that make it slower still.
 */
const stallMillis = 60_000;

const firstPauseMillis = 100;
const pauseMillisMax = 5_000;

/**
 * Makes a call to storage, again if need be: while the service is throttling or away, after pauses that double, of which a
 * random part is waited, and no less than the service asks for; never beyond the budget. For a lease to end it is waited as
 * long as there is time.
 * @param attempt makes the call once; `number` counts from 1
 * @throws StorageFault when the service refuses; RegistryError TOOMANYREQUESTS or UNAVAILABLE, with Retry-After
 */
export async function callStorage<T>(
  operation: string,
  budget: CallBudget,
  attempt: (signal: AbortSignal, number: number) => Promise<T>,
): Promise<T> {
  const end = performance.now() + budget.totalMillis;
  for (let number = 1; ; number++) {
    try {
      const left = Math.max(1, Math.ceil(end - performance.now()));
      const signal = AbortSignal.timeout(Math.min(budget.attemptMillis, left));
      return await unlessAborted(attempt(signal, number), signal);
    } catch (error) {
      const fault = faultOf(operation, error, number);
      if (fault === undefined) throw error;
      if (fault.kind === "refused") throw fault;
      const pause = Math.max(pauseBefore(number + 1), (fault.retryAfter ?? 0) * 1000);
      const enough = number >= budget.attemptsMax && !isLeased(fault.code);
      if (enough || performance.now() + pause >= end) throw asRegistryError(fault);
      await sleep(pause);
    }
  }
}

/** What does not heed the signal, as ways to a token may not, is left to itself: nobody hangs on it. */
async function unlessAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = () => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    signal.addEventListener("abort", giveUp);
  });
  try {
    return await Promise.race([running, aborted]);
  } finally {
    signal.removeEventListener("abort", giveUp);
    running.catch(() => {});
  }
}

/**
 * Pieces for an attempt to send, and a signal that gives the attempt up when no piece has been taken for a while; the time that the
 * answer takes counts too. Call `done` when the attempt is over.
 */
export function watchedPieces(
  pieces: readonly Uint8Array[],
  signal: AbortSignal,
): { send: () => Iterable<Uint8Array>; signal: AbortSignal; done: () => void } {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), stallMillis).unref();
  return {
    *send() {
      for (const piece of pieces) {
        timer.refresh();
        yield piece;
      }
    },
    signal: AbortSignal.any([signal, stalled.signal]),
    done: () => clearTimeout(timer),
  };
}

/** ms to wait before an attempt: up to 100, 200, 400, ... at random, so that callers do not come back in step. */
function pauseBefore(attempt: number): number {
  return Math.random() * Math.min(pauseMillisMax, firstPauseMillis * 2 ** (attempt - 2));
}

/** As `callStorage`, but undefined where the service answers with one of these codes. */
export async function unless<T>(codes: readonly string[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof StorageFault && codes.includes(error.code)) return undefined;
    throw error;
  }
}
