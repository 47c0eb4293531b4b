import { timeKey } from "../domain/key.ts";
import { checkDelay, checkQueueName, checkReceive, formatWorkMessage } from "../domain/work-message.ts";
import type { ReceivedWork, SendOptions, WorkMessage, WorkQueue } from "../ports/work-queue.ts";
import type { Database } from "./database.ts";
import { sequenceKey } from "./keys.ts";

interface Waiting extends WorkMessage {
  readonly deliveries: number;
}

/**
 * Queues in the embedded database, ordered by when a message is due: `<queue>\0<ms>\0<sequence>`. Handing a message out moves it
 * to a later time, so its key is the receipt.
 */
export class LocalWorkQueue implements WorkQueue {
  readonly #database: Database;
  readonly #now: () => number;

  /** @param now ms since 1970 */
  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async send(queue: string, message: WorkMessage, options: SendOptions = {}): Promise<void> {
    const delaySeconds = options.delaySeconds ?? 0;
    checkDelay(delaySeconds);
    formatWorkMessage(queue, message);
    const waiting: Waiting = { attempt: message.attempt, work: message.work, deliveries: 0 };
    const dueAt = this.#now() + delaySeconds * 1000;
    await this.#database.write(({ tables, nextSequence }) => {
      void tables.work.put(keyOf(queue, dueAt, nextSequence()), encode(waiting));
    });
  }

  async receive(queue: string, max: number, visibilitySeconds: number): Promise<readonly ReceivedWork[]> {
    checkReceive(max, visibilitySeconds);
    const now = this.#now();
    const range = { start: startOf(queue), end: keyOf(queue, now + 1, 0), limit: max };
    this.#database.refresh();
    // Most of the time there is nothing, and then nothing is written.
    if ([...this.#database.tables.work.getKeys({ ...range, limit: 1 })].length === 0) return [];
    return await this.#database.write(({ tables, nextSequence }) => {
      const due = [...tables.work.getRange(range)].map(({ key, value }) => ({ key, waiting: decode(value) }));
      return due.map(({ key, waiting }) => {
        const taken: Waiting = { ...waiting, deliveries: waiting.deliveries + 1 };
        const receipt = keyOf(queue, now + visibilitySeconds * 1000, nextSequence());
        void tables.work.remove(key);
        void tables.work.put(receipt, encode(taken));
        return { ...taken, receipt };
      });
    });
  }

  async complete(queue: string, message: ReceivedWork): Promise<void> {
    checkQueueName(queue);
    await this.#database.write(({ tables }) => {
      void tables.work.remove(message.receipt);
    });
  }

  async length(queue: string): Promise<number> {
    this.#database.refresh();
    const range = { start: startOf(queue), end: keyOf(queue, Number.MAX_SAFE_INTEGER, 0) };
    return this.#database.tables.work.getKeysCount(range);
  }
}

function startOf(queue: string): string {
  checkQueueName(queue);
  return `${queue}\0`;
}

function keyOf(queue: string, millis: number, sequence: number): string {
  return `${startOf(queue)}${timeKey(millis)}\0${sequenceKey(sequence)}`;
}

function encode(waiting: Waiting): Buffer {
  return Buffer.from(JSON.stringify(waiting));
}

function decode(value: Buffer): Waiting {
  return JSON.parse(value.toString("utf8")) as Waiting;
}
