import { limits } from "./limits.ts";

// A queued message on the wire: JSON, since a queue's trigger hands it to a function already parsed.

interface Message {
  readonly work: Readonly<Record<string, string | number | boolean>>;
  readonly attempt: number;
}

const queueForm = /^[a-z](-?[a-z0-9]){2,49}$/;

/** @throws Error when no queue can have this name, or the message is too long for one */
export function formatWorkMessage(queue: string, message: Message): string {
  checkQueueName(queue);
  const text = JSON.stringify({ attempt: message.attempt, work: message.work });
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.workBytesMax) {
    throw new Error(`a message has at most ${limits.workBytesMax} bytes, not ${bytes}`);
  }
  return text;
}

/** @param message as text, or parsed already. @returns undefined when it is not one of ours */
export function parseWorkMessage(message: unknown): Message | undefined {
  const { attempt, work } = (typeof message === "string" ? parsed(message) : message) as Partial<Message>;
  if (typeof attempt !== "number" || !Number.isInteger(attempt) || attempt < 1) return undefined;
  if (typeof work !== "object" || work === null || Array.isArray(work)) return undefined;
  const flat = Object.values(work).every((value) => ["string", "number", "boolean"].includes(typeof value));
  return flat ? { attempt, work } : undefined;
}

/** Where messages of a queue go that nobody could do anything with. The Functions host uses the same name. */
export function poisonQueue(queue: string): string {
  return `${queue}-poison`;
}

/** @throws Error when no queue can have this name */
export function checkQueueName(queue: string): void {
  const name = queue.endsWith("-poison") ? queue.slice(0, -"-poison".length) : queue;
  if (!queueForm.test(name)) throw new Error(`not the name of a queue: ${queue.slice(0, 100)}`);
}

/** @throws Error when a message cannot be held back for so long */
export function checkDelay(seconds: number): void {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > limits.workDelaySecondsMax) {
    throw new Error(`a message is held back for 0 to ${limits.workDelaySecondsMax} s, not ${seconds}`);
  }
}

/** @throws Error when so many messages cannot be taken at once, or not for so long */
export function checkReceive(max: number, visibilitySeconds: number): void {
  if (!Number.isInteger(max) || max < 1 || max > 32)
    throw new Error(`1 to 32 messages are taken, not ${max}`);
  if (!Number.isInteger(visibilitySeconds) || visibilitySeconds < 1 || visibilitySeconds > 86_400) {
    throw new Error(`a message is taken for 1 to 86,400 s, not ${visibilitySeconds}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
