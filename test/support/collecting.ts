import { readFileSync } from "node:fs";

/** What collection did while a registry ran, added up from its log. */
export interface Collected {
  /** Repositories looked through. */
  readonly sweeps: number;
  /** Blobs that nobody needed any more. */
  readonly condemned: number;
  /** Places whose bytes are gone, and how many bytes that were. */
  readonly places: number;
  readonly bytes: number;
}

const nothing: Collected = { sweeps: 0, condemned: 0, places: 0, bytes: 0 };

/**
 * Settings under which a registry collects all the time.
 * @param leaseSeconds more than any client pauses between a blob and what points at it
 * @param requestSeconds more than any of its requests takes
 */
export function collectingSettings(
  leaseSeconds: number,
  requestSeconds: number,
): Readonly<Record<string, string>> {
  return {
    LEASE_SECONDS: String(leaseSeconds),
    REQUEST_SECONDS: String(requestSeconds),
    PURGE_SECONDS: String(requestSeconds),
    // One process on one machine has one clock.
    CLOCK_SKEW_SECONDS: "0",
    SWEEP_SECONDS: "1",
    DEEP_SWEEP_SECONDS: "5",
    LOG_LEVEL: "info",
  };
}

/** To be called before the registry ends, since it is about what was collected while clients were at work. */
export function readCollected(logFile: string | undefined): Collected {
  if (logFile === undefined)
    throw new Error("what collection did is in the log of a registry that was started here");
  let sum = nothing;
  for (const line of readFileSync(logFile, "utf8").split("\n")) {
    if (!line.includes('"work":"collection"') || line.includes('"failure"')) continue;
    const run = { ...nothing, ...(JSON.parse(line) as Partial<Collected>) };
    sum = {
      sweeps: sum.sweeps + run.sweeps,
      condemned: sum.condemned + run.condemned,
      places: sum.places + run.places,
      bytes: sum.bytes + run.bytes,
    };
  }
  return sum;
}

/** Why that is no collection at work, in a sentence; undefined when it is one. */
export function complainOf({ sweeps, condemned, places, bytes }: Collected): string | undefined {
  if (sweeps === 0) return "no repository was swept meanwhile";
  if (condemned === 0) return "no blob was condemned meanwhile";
  if (places === 0 || bytes === 0) return "no bytes were freed meanwhile";
  return undefined;
}

export function describeCollected({ sweeps, condemned, places, bytes }: Collected): string {
  return `collected meanwhile: ${sweeps} sweeps, ${condemned} blobs condemned, ${places} of them gone with ${bytes} bytes`;
}
