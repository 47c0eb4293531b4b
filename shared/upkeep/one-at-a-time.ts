/**
 * Runs `run` once at a time. Whoever asks while it runs shares the next run, since what he asks for may have come too late for
 * this one.
 */
export class OneAtATime {
  readonly #run: () => Promise<void>;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  /** Resolves, or rejects, with a run that began after this call. */
  async ask(): Promise<void> {
    if (this.#current === undefined) {
      this.#current = this.#start();
      await this.#current;
      return;
    }
    this.#next ??= this.#follow(this.#current);
    await this.#next;
  }

  async #follow(current: Promise<void>): Promise<void> {
    await current.catch(() => {});
    this.#current = this.#next;
    this.#next = undefined;
    await this.#start();
  }

  async #start(): Promise<void> {
    try {
      await this.#run();
    } finally {
      if (this.#next === undefined) this.#current = undefined;
    }
  }
}
