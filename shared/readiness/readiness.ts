import { limits } from "../domain/limits.ts";
import type { Clock } from "../ports/world.ts";
import type { Check, Dependency, ReadinessReport } from "./dependency.ts";

/**
 * Whether the registry has all that it needs. Whoever asks may be anybody, so the dependencies are tried at most once in `readinessSeconds`,
 * and those who ask meanwhile are told the same.
 */
export class Readiness {
  readonly #look: () => Promise<ReadinessReport>;
  readonly #clock: Clock;
  #report: Promise<ReadinessReport> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** @param look tries everything; never rejects */
  constructor(look: () => Promise<ReadinessReport>, clock: Clock) {
    this.#look = look;
    this.#clock = clock;
  }

  async report(): Promise<ReadinessReport> {
    const now = this.#clock.now();
    if (this.#report === undefined || now - this.#askedAt >= limits.readinessSeconds * 1000) {
      this.#askedAt = now;
      this.#report = this.#look();
    }
    return await this.#report;
  }
}

/**
 * Tries all of them, each by itself. Never rejects.
 * @param onFailure told of everything; the report tells only what to do
 */
export async function reportOn(
  dependencies: readonly Dependency[],
  onFailure: (name: string, error: unknown) => void,
): Promise<ReadinessReport> {
  const checks = await Promise.all(
    dependencies.map(async ({ name, try: attempt, explain }): Promise<Check> => {
      try {
        await attempt();
        return { name, status: "ok" };
      } catch (error) {
        onFailure(name, error);
        const remedy = explain(error);
        return { name, status: "failed", ...(remedy === undefined ? {} : { remedy }) };
      }
    }),
  );
  return { status: checks.every(({ status }) => status === "ok") ? "ready" : "not ready", checks };
}
