/**
 * What is to be looked at, small and flat. It is a hint: it may be lost, come twice, late and out of order, and the truth is in
 * documents.
 */
export type Work = Readonly<Record<string, string | number | boolean>>;

export interface WorkMessage {
  readonly work: Work;
  /** Which attempt at the work it asks for, from 1. */
  readonly attempt: number;
}

/** A message in somebody's hands; to everybody else it is not there for a while. */
export interface ReceivedWork extends WorkMessage {
  /** How often it was handed out, this time included. */
  readonly deliveries: number;
  /** By which it is completed; void once the message has been handed out again. */
  readonly receipt: string;
}

export interface SendOptions {
  /** Seconds until anybody sees it, at most 24 h. */
  readonly delaySeconds?: number;
}

/**
 * Work for later, in queues that come into being when they are first used. A queue's name has 3 to 50 lower-case letters, digits
 * and single hyphens, and starts with a letter.
 *
 * A store that is throttled or away throws RegistryError TOOMANYREQUESTS or UNAVAILABLE.
 */
export interface WorkQueue {
  /** Durable when it resolves. @throws Error when the message has more than 32 KiB as JSON */
  send(queue: string, message: WorkMessage, options?: SendOptions): Promise<void>;

  /**
   * Takes messages that are due, in no particular order. Those that are not completed within the time are handed out again.
   * @param max 1 to 32
   * @param visibilitySeconds 1 to 86,400
   */
  receive(queue: string, max: number, visibilitySeconds: number): Promise<readonly ReceivedWork[]>;

  /** Removes a message for good. One that is gone, or was handed out again, is left alone. */
  complete(queue: string, message: ReceivedWork): Promise<void>;

  /** About how many messages are there, due or not, in hands or not; for telemetry. */
  length(queue: string): Promise<number>;
}
