import type { SettingFaults } from "./setting-faults.ts";

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

/** Their settings, with what is wrong noted, and what collection could not be safe with. */
export function readGraces(env: Readonly<Record<string, string | undefined>>, faults: SettingFaults): Graces {
  const usual = usualGraces;
  const seconds = (text: string | undefined, variable: string, otherwise: number) =>
    faults.gather(() => readSeconds(text, variable, otherwise), otherwise);
  const requestSeconds = seconds(env["REQUEST_SECONDS"], "REQUEST_SECONDS", usual.requestSeconds);
  const leaseSeconds = seconds(env["LEASE_SECONDS"], "LEASE_SECONDS", usual.leaseSeconds);
  const purgeUsual = Math.max(requestSeconds, usual.purgeSeconds);
  const purgeSeconds = seconds(env["PURGE_SECONDS"], "PURGE_SECONDS", purgeUsual);
  if (leaseSeconds <= requestSeconds) faults.note("LEASE_SECONDS is more than REQUEST_SECONDS");
  if (purgeSeconds < requestSeconds) faults.note("PURGE_SECONDS is no less than REQUEST_SECONDS");
  return {
    requestSeconds,
    leaseSeconds,
    purgeSeconds,
    skewSeconds: seconds(env["CLOCK_SKEW_SECONDS"], "CLOCK_SKEW_SECONDS", usual.skewSeconds),
    sweepSeconds: seconds(env["SWEEP_SECONDS"], "SWEEP_SECONDS", usual.sweepSeconds),
    deepSweepSeconds: seconds(env["DEEP_SWEEP_SECONDS"], "DEEP_SWEEP_SECONDS", usual.deepSweepSeconds),
    retentionSeconds: seconds(
      env["RETENTION_INTERVAL_SECONDS"],
      "RETENTION_INTERVAL_SECONDS",
      usual.retentionSeconds,
    ),
    quietSeconds: seconds(env["QUIET_SECONDS"], "QUIET_SECONDS", usual.quietSeconds),
    recountSeconds: seconds(
      env["RECOUNT_INTERVAL_SECONDS"],
      "RECOUNT_INTERVAL_SECONDS",
      usual.recountSeconds,
    ),
  };
}

/** What a setting says in seconds. @throws Error of one line that names the variable */
export function readSeconds(text: string | undefined, variable: string, usual: number): number {
  if (text === undefined || text === "") return usual;
  if (!/^[0-9]{1,9}$/.test(text)) throw new Error(`${variable} is a number of seconds`);
  return Number(text);
}
