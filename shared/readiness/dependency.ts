/** A service that the registry cannot do without. */
export interface Dependency {
  /** What it keeps, such as `documents`. */
  readonly name: string;
  /** Does the smallest of all that the registry does with it. Rejects when something cannot be done. */
  try(): Promise<void>;
  /**
   * What somebody has to do about it: the role or the setting that is missing, by its name and without a secret, since anybody reads it.
   * Undefined: nothing that is known.
   */
  explain(error: unknown): string | undefined;
}

/** What became of one dependency. */
export interface Check {
  readonly name: string;
  readonly status: "ok" | "failed";
  readonly remedy?: string;
}

export interface ReadinessReport {
  readonly status: "ready" | "not ready";
  readonly checks: readonly Check[];
}
