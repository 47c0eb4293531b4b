/** Small things that tests hold still. */

export interface Clock {
  /** ms since 1970 */
  now(): number;
}

export interface Ids {
  /** Sorts by time, 26 characters. */
  ulid(): string;
  /** Unguessable and unique, 22 characters of base64url. */
  nonce(): string;
}

/** Signs what the registry hands to a client and wants back unchanged. */
export interface Signer {
  /** A base64url code over `text`. */
  sign(text: string): string;
  /** In constant time. */
  verify(text: string, code: string): boolean;
}
