import { parseWorkMessage } from "../domain/work-message.ts";
import type { DocumentStore } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { Log } from "../telemetry/log.ts";
import { consumeEvents } from "./consume-events.ts";
import { doWork, type Worker } from "./do-work.ts";
import { expireUploads } from "./expire-uploads.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { EventWaker, type eventQueue, wakeOnEvents } from "./wake-on-events.ts";

/** Queues whose messages ask for work. */
export type QueueName = typeof eventQueue;
/** Work that is due by time: `events` each minute, for what no message told of, `uploads` each hour. */
export type TimerName = "events" | "uploads";

/** All work that nobody waits for. Safe to run at any time, and by several processes at once. */
export interface Upkeep {
  /** The store that wakes the event consumer, for whoever writes events. */
  readonly documents: DocumentStore;
  /**
   * Does what a queue's message asks for. When that fails, the message is queued again for later, or put aside after the last
   * attempt.
   * @param message as text, or parsed already
   * @throws Error when the queue is to hand the message out again: it is none of ours, or could not be queued
   */
  work(queue: QueueName, message: unknown): Promise<void>;
  tick(timer: TimerName): Promise<void>;
  /** Resolves when no message is under way to its queue. */
  settled(): Promise<void>;
}

/** @param queued whether anybody takes messages out of the queues; if not, none are sent, and timers do all */
export function createUpkeep(ports: Ports, log: Log, queued: boolean): Upkeep {
  const waker = new EventWaker(ports.work, ports.clock, (error) =>
    log.write("warn", "failure", { work: "wake", error: String(error) }),
  );
  const wake = () => {
    if (queued) waker.wake();
  };
  const events = new OneAtATime(async () => {
    const { counted, more } = await consumeEvents(ports, log);
    if (counted > 0) log.write("debug", "upkeep", { work: "events", counted, more });
    if (more) wake();
  });
  const workers: Readonly<Record<QueueName, Worker>> = { events: async () => await events.ask() };
  const timers: Readonly<Record<TimerName, () => Promise<void>>> = {
    events: async () => await events.ask(),
    uploads: async () => await expireUploads(ports, log),
  };
  return {
    documents: queued ? wakeOnEvents(ports.documents, wake) : ports.documents,
    work: async (queue, message) => {
      const parsed = parseWorkMessage(message);
      if (parsed === undefined) throw new Error(`what came from the queue ${queue} is no message of ours`);
      const done = await doWork(ports.work, queue, parsed, workers[queue]);
      if (done.outcome === "done") return;
      const { outcome, error } = done;
      const level = outcome === "poisoned" ? "error" : "warn";
      log.write(level, "failure", { work: queue, attempt: parsed.attempt, outcome, error: String(error) });
    },
    tick: async (timer) => await timers[timer](),
    settled: async () => await waker.settled(),
  };
}
