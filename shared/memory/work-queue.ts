import { checkDelay, checkQueueName, checkReceive, formatWorkMessage } from "../domain/work-message.ts";
import type { ReceivedWork, WorkMessage, WorkQueue } from "../ports/work-queue.ts";
import { type Bend, bentChange, bentRead, type Call } from "./bend.ts";

interface Waiting {
  readonly message: WorkMessage;
  /** ms since 1970 */
  dueAt: number;
  deliveries: number;
  receipt: string;
}

/** Queues in arrays. */
export class MemoryWorkQueue {
  readonly #queues = new Map<string, Waiting[]>();
  readonly #now: () => number;
  #receipts = 0;

  /** @param now ms since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The port onto these queues. Several, bent in different ways, share them. */
  store(bend: Bend = {}): WorkQueue {
    const call = (name: string, subject: string): Call => ({ port: "work", name, subject });
    const change = async <T>(name: string, queue: string, effect: () => T): Promise<T> =>
      await bentChange(bend, call(name, queue), effect);
    return {
      send: async (queue, message, options = {}) =>
        await change("send", queue, () => this.#send(queue, message, options.delaySeconds ?? 0)),
      receive: async (queue, max, visibilitySeconds) =>
        await change("receive", queue, () => this.#receive(queue, max, visibilitySeconds)),
      complete: async (queue, message) =>
        await change("complete", queue, () => this.#complete(queue, message.receipt)),
      length: async (queue) => await bentRead(bend, call("length", queue), () => this.#queueOf(queue).length),
    };
  }

  #send(queue: string, message: WorkMessage, delaySeconds: number): void {
    checkDelay(delaySeconds);
    const { attempt, work } = JSON.parse(formatWorkMessage(queue, message)) as WorkMessage;
    const dueAt = this.#now() + delaySeconds * 1000;
    this.#queueOf(queue).push({ message: { attempt, work }, dueAt, deliveries: 0, receipt: "" });
  }

  #receive(queue: string, max: number, visibilitySeconds: number): ReceivedWork[] {
    checkReceive(max, visibilitySeconds);
    const now = this.#now();
    const due = this.#queueOf(queue).filter((waiting) => waiting.dueAt <= now);
    return due.slice(0, max).map((waiting) => {
      waiting.dueAt = now + visibilitySeconds * 1000;
      waiting.deliveries += 1;
      waiting.receipt = String(++this.#receipts);
      return { ...waiting.message, deliveries: waiting.deliveries, receipt: waiting.receipt };
    });
  }

  #complete(queue: string, receipt: string): void {
    const waiting = this.#queueOf(queue);
    const index = waiting.findIndex((candidate) => candidate.receipt === receipt);
    if (index >= 0) waiting.splice(index, 1);
  }

  #queueOf(queue: string): Waiting[] {
    checkQueueName(queue);
    const waiting = this.#queues.get(queue) ?? [];
    this.#queues.set(queue, waiting);
    return waiting;
  }
}
