import { FairBuckets } from "../domain/fair-buckets.ts";
import { limits } from "../domain/limits.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * Keeps those who are refused from asking again at once: a refusal is cheap, but whoever repeats it as fast as it is answered takes the
 * whole process from others. Of each registry `refusalsPerSecondMax` are answered at once, and more when there were fewer before, and
 * as many to networks that are refused little; the rest are held for a while. Who waits for his answers is slowed down by that, and loses nothing, since he was to come back later anyway.
 */
export class RefusalPace {
  readonly #ports: Pick<Ports, "clock" | "pause">;
  readonly #buckets = new FairBuckets(
    limits.refusalsMax,
    limits.refusalsPerSecondMax,
    limits.registriesCachedMax,
  );
  #held = 0;
  #sinceStart = 0;

  constructor(ports: Pick<Ports, "clock" | "pause">) {
    this.#ports = ports;
  }

  /**
   * Resolves when the refusal is to be answered.
   * @param rid the registry that was asked; empty where none was known
   * @param network of who asked, as `clientNetwork` gives it; undefined: nobody knows
   * @returns the seconds that it was held, on average
   */
  async hold(rid: string, network: string | undefined): Promise<number> {
    const { seconds } = this.#buckets.take(rid, network, this.#ports.clock.now());
    // Each that is held takes memory: beyond that many, all are answered at once.
    if (seconds === 0 || this.#held >= limits.refusalsHeldMax) return 0;
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
}
