const secondsPerHour = 3600;

/**
 * How long collection waits, in seconds. Safe only if they are the same in every process, and if what they say of requests and
 * clocks is true.
 */
export interface Graces {
  /** The longest that a request, or a URL that it gave out, may be at work. Bytes and generations that are given up stay so long. */
  readonly requestSeconds: number;
  /** How far a lease is set ahead. Longer than a request. */
  readonly leaseSeconds: number;
  /** What two clocks may differ by. */
  readonly skewSeconds: number;
  /** How long what a deleted repository had stays, when it cannot be restored. No less than a request. */
  readonly purgeSeconds: number;
  /** Between two sweeps of one repository. */
  readonly sweepSeconds: number;
  /** Between two looks at everything, for what a crash left that nothing tells of. */
  readonly deepSweepSeconds: number;
  /** Between two rounds of lifecycle rules through one registry. */
  readonly retentionSeconds: number;
  /** How long collection rests when another region has begun to take writes. */
  readonly quietSeconds: number;
  /** Between two recounts of a registry's usage. */
  readonly recountSeconds: number;
}

export const usualGraces: Graces = {
  requestSeconds: secondsPerHour,
  leaseSeconds: 24 * secondsPerHour,
  skewSeconds: 600,
  purgeSeconds: secondsPerHour,
  sweepSeconds: 600,
  deepSweepSeconds: 7 * 24 * secondsPerHour,
  retentionSeconds: 24 * secondsPerHour,
  quietSeconds: 24 * secondsPerHour,
  recountSeconds: 24 * secondsPerHour,
};
