import { limits } from "../domain/limits.ts";
import { poisonQueue } from "../domain/work-message.ts";
import type { WorkMessage, WorkQueue } from "../ports/work-queue.ts";

/** Does what a message asks for. May be called twice, or for work that is done already. Throws to be called again later. */
export type Worker = (work: WorkMessage["work"]) => Promise<void>;

/** `retried`: it failed, and is queued again. `poisoned`: it failed for the last time, and was put aside. */
export type WorkOutcome =
  | { readonly outcome: "done" }
  | { readonly outcome: "retried" | "poisoned"; readonly error: unknown };

const firstRetrySeconds = 10;
/** Messages taken at once, as the Functions host takes them, and how long one batch may be at work. */
const batchMax = 16;
const visibilitySeconds = 600;

/**
 * Works on one message that somebody has received: the Functions host, whose trigger completes it when this resolves, or
 * `workThrough`. A failure queues a further attempt, later each time; only if even that fails does it throw, and the message
 * comes again by itself.
 */
export async function doWork(
  queues: WorkQueue,
  queue: string,
  message: WorkMessage,
  worker: Worker,
): Promise<WorkOutcome> {
  try {
    await worker(message.work);
    return { outcome: "done" };
  } catch (error) {
    if (message.attempt >= limits.workAttemptsMax) {
      await queues.send(poisonQueue(queue), message);
      return { outcome: "poisoned", error };
    }
    const next = { work: message.work, attempt: message.attempt + 1 };
    await queues.send(queue, next, { delaySeconds: retrySeconds(message.attempt) });
    return { outcome: "retried", error };
  }
}

/**
 * Takes one batch of what is due, hands it out, and completes what was taken care of, as the Functions host does. A message that
 * keeps bringing its handler down is put aside.
 * @param handle takes care of a message, as `doWork` does; if it throws, the message comes again by itself
 * @returns how many messages were taken
 * @throws what `handle` threw, or the queue, when all of the batch is over
 */
export async function workThrough(
  queues: WorkQueue,
  queue: string,
  handle: (message: WorkMessage) => Promise<unknown>,
): Promise<number> {
  const received = await queues.receive(queue, batchMax, visibilitySeconds);
  const settled = await Promise.allSettled(
    received.map(async (message) => {
      const { work, attempt, deliveries } = message;
      if (deliveries > limits.workDeliveriesMax) await queues.send(poisonQueue(queue), { work, attempt });
      else await handle({ work, attempt });
      await queues.complete(queue, message);
    }),
  );
  const failed = settled.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return received.length;
}

/** Seconds to wait after an attempt: about 10, 20, 40 and so on to an hour, by chance up to half as long again. */
export function retrySeconds(attempt: number): number {
  const seconds = Math.min(limits.workRetrySecondsMax, firstRetrySeconds * 2 ** (attempt - 1));
  return Math.min(limits.workRetrySecondsMax, Math.round(seconds * (1 + Math.random() / 2)));
}
