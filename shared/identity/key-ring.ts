import type { KeyObject } from "node:crypto";

/** Signs tokens: an ES256 key with the name that tokens carry in their header. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** Under which passwords are hashed. */
export interface HashKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/**
 * The secret keys of the deployment, as this process last read them. What it remembers is answered at once, so that no request
 * waits for the store.
 */
export interface KeyRing {
  /** The one to sign with now. */
  signingKey(): SigningKey | Promise<SigningKey>;
  /** The public key of that name, as long as anything that it signed may be in use. */
  verifyingKey(kid: string): KeyObject | undefined | Promise<KeyObject | undefined>;
  /** The one to hash new passwords with. */
  hashKey(): HashKey | Promise<HashKey>;
  hashKeyNamed(id: string): HashKey | undefined | Promise<HashKey | undefined>;
  /** The public keys. @see https://www.rfc-editor.org/rfc/rfc7517#section-5 */
  publicKeys(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }>;
}
