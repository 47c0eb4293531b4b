/** ms after which an empty queue is looked into again at first; each time twice that, up to the most. */
const firstPauseMillis = 100;

/**
 * Takes batches out of a queue, one after the other, and waits longer each time that there is none, as the Functions host
 * does.
 */
export class QueuePoller {
  readonly #deliver: () => Promise<number>;
  readonly #pauseMillisMax: number;
  readonly #failed: (error: unknown) => void;
  readonly #over: Promise<void>;
  #stopped = false;
  #wake: () => void = () => {};

  /**
   * Starts at once.
   * @param deliver takes one batch and has it worked on; says how many messages were in it
   * @param failed is told why a batch failed; the queue hands its messages out again by itself
   */
  constructor(deliver: () => Promise<number>, pauseMillisMax: number, failed: (error: unknown) => void) {
    this.#deliver = deliver;
    this.#pauseMillisMax = pauseMillisMax;
    this.#failed = failed;
    this.#over = this.#poll();
  }

  /** Takes no more batches. Resolves when the one at work is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#over;
  }

  async #poll(): Promise<void> {
    let pauseMillis = firstPauseMillis;
    while (!this.#stopped) {
      const taken = await this.#next();
      if (taken > 0) {
        pauseMillis = firstPauseMillis;
        continue;
      }
      await this.#pause(Math.min(pauseMillis, this.#pauseMillisMax));
      pauseMillis = Math.min(pauseMillis * 2, this.#pauseMillisMax);
    }
  }

  /** @returns 0 as well when the batch failed: whatever the cause, it is not over a moment later */
  async #next(): Promise<number> {
    try {
      return await this.#deliver();
    } catch (error) {
      this.#failed(error);
      return 0;
    }
  }

  async #pause(millis: number): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, millis);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
