import { limits } from "../domain/limits.ts";
import type { Ports } from "../ports/ports.ts";

interface Bucket {
  tokens: number;
  /** ms since 1970 */
  at: number;
}

/**
 * Keeps those who are refused from asking again at once: a refusal is cheap, but whoever repeats it as fast as it is answered takes the
 * whole process from others. Of each registry `refusalsPerSecondMax` are answered at once, and more when there were fewer before; the
 * rest are held for a while. Who waits for his answers is slowed down by that, and loses nothing, since he was to come back later anyway.
 */
export class RefusalPace {
  readonly #ports: Pick<Ports, "clock" | "pause">;
  readonly #buckets = new Map<string, Bucket>();
  #held = 0;
  #sinceStart = 0;

  constructor(ports: Pick<Ports, "clock" | "pause">) {
    this.#ports = ports;
  }

  /**
   * Resolves when the refusal is to be answered.
   * @param rid the registry that was asked; empty where none was known
   * @returns the seconds that it was held, on average
   */
  async hold(rid: string): Promise<number> {
    // Each that is held takes memory: beyond that many, all are answered at once.
    if (this.#take(rid) || this.#held >= limits.refusalsHeldMax) return 0;
    this.#held += 1;
    this.#sinceStart += 1;
    // Spread by the golden ratio: those who were refused together would come back together, and others would wait for all of them.
    const part = 0.5 + ((this.#sinceStart * 0.618_034) % 1);
    try {
      await this.#ports.pause(Math.round(part * limits.refusalHeldSeconds * 1000));
    } finally {
      this.#held -= 1;
    }
    return limits.refusalHeldSeconds;
  }

  /** @returns whether it may be answered at once */
  #take(rid: string): boolean {
    const now = this.#ports.clock.now();
    const { tokens: left, at } = this.#buckets.get(rid) ?? { tokens: limits.refusalsMax, at: now };
    const refill = (Math.max(0, now - at) / 1000) * limits.refusalsPerSecondMax;
    const tokens = Math.min(limits.refusalsMax, left + refill);
    this.#buckets.delete(rid);
    this.#buckets.set(rid, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
    const oldest = this.#buckets.keys().next().value;
    if (this.#buckets.size > limits.registriesCachedMax && oldest !== undefined) this.#buckets.delete(oldest);
    return tokens >= 1;
  }
}
