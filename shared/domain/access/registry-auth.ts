/** What makes tokens worthless before they expire, seen by every process within `registryCacheSeconds`. */
export interface RegistryAuth {
  /** Counts the revocations; a token carries what it was when the token was issued. */
  readonly epoch: number;
  /** Access tokens of an earlier epoch are refused, and their holders get new ones; absent: 0. */
  readonly refusedBelow?: number;
  /** Refresh tokens of an earlier epoch are refused, and their holders log in again; absent: 0. */
  readonly sessionsRefusedBelow?: number;
  /** Access tokens that depend on `key` and are of an earlier epoch are refused. At most `revocationsMax`, of late. */
  readonly revoked?: readonly { readonly key: string; readonly epoch: number; readonly at: number }[];
}
