import type { Schedule } from "./schedule.ts";

/** What is past due is due at once: when this host ran last is not remembered. */
export interface TimerInput {
  readonly isPastDue: boolean;
}

/** Calls what is due by a schedule, never twice at a time, and once at the start. */
export class ScheduleTimer {
  readonly #schedule: Schedule;
  readonly #call: (input: TimerInput) => Promise<unknown>;
  readonly #failed: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void>;
  #stopped = false;

  /** Starts at once. @param failed is told why a call failed; there is no other before the next due time */
  constructor(
    schedule: Schedule,
    call: (input: TimerInput) => Promise<unknown>,
    failed: (error: unknown) => void,
  ) {
    this.#schedule = schedule;
    this.#call = call;
    this.#failed = failed;
    this.#running = this.#run(true, Date.now());
  }

  /** Calls no more. Resolves when the call under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(isPastDue: boolean, due: number): Promise<void> {
    try {
      await this.#call({ isPastDue });
    } catch (error) {
      this.#failed(error);
    }
    if (this.#stopped) return;
    // Node's timers may be a little early, and the same time is not due again.
    const now = Math.max(Date.now(), due);
    const next = this.#schedule.next(now);
    this.#timer = setTimeout(() => {
      this.#running = this.#run(false, next);
    }, next - Date.now());
  }
}
