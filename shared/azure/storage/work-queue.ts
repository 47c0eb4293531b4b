import type { QueueClient } from "@azure/storage-queue";
import {
  checkDelay,
  checkReceive,
  formatWorkMessage,
  parseWorkMessage,
  poisonQueue,
} from "../../domain/work-message.ts";
import type { ReceivedWork, SendOptions, WorkMessage, WorkQueue } from "../../ports/work-queue.ts";
import { budgets, callStorage, unless } from "./call.ts";
import type { StorageClients } from "./clients.ts";
import { faultOf } from "./errors.ts";

/** Messages that nobody could use stay until somebody looks; others for the service's seven days. */
const forever = -1;

/**
 * Queues of the region's own account. Messages are in base64, as the Functions host expects them, so that its trigger and
 * `receive` can take turns at one queue.
 */
export class AzureWorkQueue implements WorkQueue {
  readonly #clients: StorageClients;

  constructor(clients: StorageClients) {
    this.#clients = clients;
  }

  async send(queue: string, message: WorkMessage, options: SendOptions = {}): Promise<void> {
    const delaySeconds = options.delaySeconds ?? 0;
    checkDelay(delaySeconds);
    await this.#put(queue, encode(formatWorkMessage(queue, message)), delaySeconds);
  }

  async receive(queue: string, max: number, visibilitySeconds: number): Promise<readonly ReceivedWork[]> {
    checkReceive(max, visibilitySeconds);
    const take = this.#call("GetMessages", queue, async (client, abortSignal) => {
      const options = { numberOfMessages: max, visibilityTimeout: visibilitySeconds, abortSignal };
      return (await client.receiveMessages(options)).receivedMessageItems;
    });
    const received: ReceivedWork[] = [];
    for (const item of (await unless(["QueueNotFound"], take)) ?? []) {
      const { messageId, popReceipt, messageText, dequeueCount: deliveries } = item;
      const message = parseWorkMessage(decode(messageText));
      if (message !== undefined) {
        received.push({ ...message, deliveries, receipt: JSON.stringify([messageId, popReceipt]) });
        continue;
      }
      await this.#put(poisonQueue(queue), messageText, 0);
      await this.#remove(queue, messageId, popReceipt);
    }
    return received;
  }

  async complete(queue: string, message: ReceivedWork): Promise<void> {
    const [messageId, popReceipt] = JSON.parse(message.receipt) as [string, string];
    await this.#remove(queue, messageId, popReceipt);
  }

  async length(queue: string): Promise<number> {
    const look = this.#call("GetQueueMetadata", queue, async (client, abortSignal) => {
      return (await client.getProperties({ abortSignal })).approximateMessagesCount;
    });
    return (await unless(["QueueNotFound"], look)) ?? 0;
  }

  /** After a lost reply the message may be there twice, which a hint may. */
  async #put(queue: string, text: string, delaySeconds: number): Promise<void> {
    const messageTimeToLive = queue === poisonQueue(queue.replace(/-poison$/, "")) ? forever : undefined;
    await this.#call("PutMessage", queue, async (client, abortSignal) => {
      const options = {
        visibilityTimeout: delaySeconds,
        abortSignal,
        ...(messageTimeToLive === undefined ? {} : { messageTimeToLive }),
      };
      try {
        await client.sendMessage(text, options);
      } catch (error) {
        if (faultOf("PutMessage", error, 1)?.code !== "QueueNotFound") throw error;
        await client.createIfNotExists({ abortSignal });
        await client.sendMessage(text, options);
      }
    });
  }

  async #remove(queue: string, messageId: string, popReceipt: string): Promise<void> {
    const remove = this.#call("DeleteMessage", queue, async (client, abortSignal) => {
      await client.deleteMessage(messageId, popReceipt, { abortSignal });
    });
    await unless(["MessageNotFound", "PopReceiptMismatch", "QueueNotFound"], remove);
  }

  async #call<T>(
    operation: string,
    queue: string,
    attempt: (client: QueueClient, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return await callStorage(operation, budgets.small, async (signal) => {
      return await attempt((await this.#clients.queues()).getQueueClient(queue), signal);
    });
  }
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

function decode(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}
