import { asOnlyOne } from "../catalog/operations/job-lease.ts";
import { limits } from "../domain/limits.ts";
import { parseWorkMessage } from "../domain/work-message.ts";
import type { DocumentStore } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { Log } from "../telemetry/log.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { type Collection, collect } from "./collection/collect.ts";
import { purgeRegistries } from "./collection/purge-registry.ts";
import { writeCollectionStatus } from "./collection/status.ts";
import { consumeEvents } from "./consume-events.ts";
import { doWork, type Worker } from "./do-work.ts";
import { expireUploads } from "./expire-uploads.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { collectOrphans } from "./orphans/collect-orphans.ts";
import { reconcileUsage } from "./recount/reconcile-usage.ts";
import { runRetention } from "./retention/retention.ts";
import { EventWaker, type eventQueue, wakeOnEvents } from "./wake-on-events.ts";

/** Queues whose messages ask for work. */
export type QueueName = typeof eventQueue | typeof collectionQueue;
/**
 * Work that is due by time: `events` each minute, for what no message told of, `collection` and `retention` every ten minutes,
 * `uploads` and `usage`, which counts anew what is due, each hour.
 */
export type TimerName = "events" | "collection" | "retention" | "uploads" | "usage";

/** Where collection is woken when it has more to do, or soon will. */
export const collectionQueue = "collection";

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
export function createUpkeep(
  ports: Ports,
  log: Log,
  queued: boolean,
  telemetry?: Pick<Telemetry, "collected">,
): Upkeep {
  const waker = new EventWaker(ports.work, ports.clock, (error) =>
    log.write("warn", "failure", { work: "wake", error: String(error) }),
  );
  const wake = () => {
    if (queued) waker.wake();
  };
  const documents = queued ? wakeOnEvents(ports.documents, wake) : ports.documents;
  const events = new OneAtATime(async () => {
    const { counted, more } = await consumeEvents(ports, log);
    if (counted > 0) log.write("debug", "upkeep", { work: "events", counted, more });
    if (more) wake();
    // What was deleted is swept a while later; the timer is as fast unless that while is very short.
    else if (counted > 0 && ports.graces.sweepSeconds <= limits.collectionWakeSeconds) {
      await wakeCollection(ports.graces.sweepSeconds);
    }
  });
  const wakeCollection = async (delaySeconds: number) => {
    if (!queued) return;
    await ports.work.send(collectionQueue, { work: { kind: "collection" }, attempt: 1 }, { delaySeconds });
  };
  const collection = new OneAtATime(async () => {
    await asOnlyOne(ports, "collection", async () => {
      const done = await runCollection(ports, log, telemetry);
      // Counters have changed, which no event tells.
      if (done.condemned + done.places > 0) wake();
      const purge = await purgeRegistries(ports, log);
      const soon = Math.min(secondsUntil(ports, done), secondsUntil(ports, purge));
      if (soon <= limits.collectionWakeSeconds) await wakeCollection(soon);
    });
  });
  const workers: Readonly<Record<QueueName, Worker>> = {
    events: async () => await events.ask(),
    collection: async () => await collection.ask(),
  };
  const alone = async (job: string, work: () => Promise<unknown>) => {
    await asOnlyOne(ports, job, async () => {
      await work();
    });
  };
  const timers: Readonly<Record<TimerName, () => Promise<void>>> = {
    events: async () => await events.ask(),
    collection: async () => await collection.ask(),
    retention: async () => await alone("retention", () => runRetention({ ...ports, documents }, log)),
    uploads: async () => {
      await expireUploads(ports, log);
      await alone("orphans", () => collectOrphans(ports, log));
    },
    usage: async () => await alone("recount", () => reconcileUsage(ports, log)),
  };
  return {
    documents,
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

async function runCollection(
  ports: Ports,
  log: Log,
  telemetry: Pick<Telemetry, "collected"> | undefined,
): Promise<Collection> {
  const startedAt = ports.clock.now();
  const done = await collect(ports, log);
  const { oldest, next: _, ...figures } = done;
  const lateSeconds = oldest === undefined ? 0 : Math.max(0, Math.round((ports.clock.now() - oldest) / 1000));
  const busy = done.sweeps + done.places + done.generations > 0;
  log.write(busy ? "info" : "debug", "upkeep", { work: "collection", ...figures, lateSeconds });
  telemetry?.collected({ ...figures, lateSeconds });
  await writeCollectionStatus(ports, startedAt, done);
  return done;
}

/** Seconds until there is something to do, at least one, as far as is known. */
function secondsUntil(ports: Ports, { more, next }: Pick<Collection, "more" | "next">): number {
  if (more) return 1;
  if (next === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.ceil((next - ports.clock.now()) / 1000));
}
