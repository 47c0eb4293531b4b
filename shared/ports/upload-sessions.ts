import type { Digest, DigestAlgorithm } from "../domain/digest.ts";
import type { HashState } from "../domain/hash.ts";
import type { Run } from "./blob-store.ts";

/**
 * What is known of the hash of an upload's bytes so far: a state to go on from, the finished digest of exactly these
 * bytes, or nothing, and then they are read back.
 */
export type SessionHash =
  | { readonly kind: "state"; readonly state: HashState }
  | { readonly kind: "digest"; readonly digest: Digest }
  | { readonly kind: "none" };

/**
 * An upload after its first bytes. `closed` keeps the digest that it became, so that a repeated closing request finds
 * its way; `cancelled` keeps the URL from working again.
 */
export interface UploadSession {
  readonly state: "open" | "closed" | "cancelled";
  readonly algorithm: DigestAlgorithm;
  /** Bytes received. */
  readonly offset: number;
  readonly runs: readonly Run[];
  readonly hash: SessionHash;
  /** Set when closed, with the time in ms since 1970. */
  readonly digest?: Digest;
  readonly closedAt?: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export interface StoredSession {
  readonly session: UploadSession;
  readonly etag: string;
}

/** Unfinished uploads of one region, with their own compare-and-set, never part of a commit. Reads are fresh. */
export interface UploadSessions {
  read(id: string): Promise<StoredSession | undefined>;

  /** Writes if the stored one still has `etag`, or is absent when `etag` is undefined. Durable when `written`. */
  write(id: string, session: UploadSession, etag: string | undefined): Promise<"written" | "stale">;

  /** Drops sessions that expired before `now` (seconds since 1970). @returns how many */
  expire(now: number): Promise<number>;
}
