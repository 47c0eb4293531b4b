/**
 * How a test bends the memory stores. A store that is not bent does exactly what its port says.
 */

/** One call of a port. */
export interface Call {
  readonly port: "documents" | "blobs" | "sessions" | "work";
  readonly name: string;
  /** What it is about: partition and id, place, session, or queue. */
  readonly subject: string;
}

/** What becomes of a call that changes something: `lost` is an error after the effect, `refused` one before it. */
export type Fate = "done" | "lost" | "refused";

/** As `Fate`, but a commit answers `unknown` instead of failing; `prefix` applies that many operations and no more. */
export type CommitFate = Fate | { readonly prefix: number };

export interface Bend {
  /** Awaited before and after every call, so that a test decides which of several use cases goes on. */
  readonly around?: (call: Call, moment: "before" | "after") => Promise<void>;
  /** How many of the partition's latest commits a read that need not be fresh does not see. */
  readonly staleCommits?: (call: Call) => number;
  readonly commitFate?: (call: Call, operations: number) => CommitFate;
  /** For blobs, sessions and work. */
  readonly fate?: (call: Call) => Fate;
}

/** Runs the effect of a call between the two moments at which a test can hold it. */
export async function bentCall<T>(bend: Bend, call: Call, effect: () => T): Promise<T> {
  await bend.around?.(call, "before");
  try {
    return effect();
  } finally {
    await bend.around?.(call, "after");
  }
}
