import { RegistryError } from "../domain/errors.ts";

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

/** What becomes of a call that only looks: it is answered, or the store is away (`refused`) or too busy (`throttled`). */
export type ReadFate = "done" | "refused" | "throttled";

/**
 * What becomes of a call that changes something: it may also fail after the effect (`lost`); fail, and have its effect at some
 * later time, if it still can (`late`); or be carried out, and at some later time once more (`twice`).
 */
export type Fate = ReadFate | "lost" | "late" | "twice";

/** As `Fate`, but a commit answers `unknown` where others say that the store is away; `prefix` applies that many operations and no more. */
export type CommitFate = Fate | { readonly prefix: number };

export interface Bend {
  /** Awaited before and after every call, so that a test decides which of several use cases goes on. */
  readonly around?: (call: Call, moment: "before" | "after") => Promise<void>;
  /** How many of the partition's latest commits a read that need not be fresh does not see. */
  readonly staleCommits?: (call: Call) => number;
  readonly readFate?: (call: Call) => ReadFate;
  readonly commitFate?: (call: Call, operations: number) => CommitFate;
  /** For blobs, sessions and work. */
  readonly fate?: (call: Call) => Fate;
  /** Takes what is to be done later; a test does it when it likes, or never. */
  readonly later?: (call: Call, effect: () => void) => void;
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

/** A call that only looks. */
export async function bentRead<T>(bend: Bend, call: Call, effect: () => T): Promise<T> {
  return await bentCall(bend, call, () => {
    refuse(bend.readFate?.(call));
    return effect();
  });
}

/** A call that changes something, other than a commit. */
export async function bentChange<T>(bend: Bend, call: Call, effect: () => T): Promise<T> {
  return await bentCall(bend, call, () => {
    const fate = bend.fate?.(call) ?? "done";
    refuse(fate);
    if (fate === "late" || fate === "twice") postpone(bend, call, effect);
    if (fate === "late") refuse("refused");
    const result = effect();
    if (fate === "lost") refuse("refused");
    return result;
  });
}

/** @throws RegistryError as a store that is away or too busy does */
export function refuse(fate: CommitFate | undefined): void {
  if (fate === "refused") throw new RegistryError("UNAVAILABLE");
  if (fate === "throttled") throw new RegistryError("TOOMANYREQUESTS", { headers: { "retry-after": "1" } });
}

/** Hands the effect out to be done later, when it may have become impossible. */
export function postpone(bend: Bend, call: Call, effect: () => unknown): void {
  bend.later?.(call, () => {
    try {
      effect();
    } catch {
      // Nobody waits for it any more.
    }
  });
}
