import { createHash, type Hash } from "node:crypto";
import { createSHA256, createSHA512 } from "hash-wasm";
import { type Digest, type DigestAlgorithm, digestOf } from "./digest.ts";

/** Consumes bytes in order. */
export interface Hasher {
  readonly algorithm: DigestAlgorithm;
  update(bytes: Uint8Array): void;
  /** The digest of what was consumed; the hasher takes nothing afterwards. */
  digest(): Digest;
}

/** A hasher whose state outlives the process. */
export interface ResumableHasher extends Hasher {
  save(): HashState;
}

/**
 * A resumable hash between two requests. It can contain up to a block of the hashed bytes, so it stays in the
 * session and never goes into a URL.
 */
export interface HashState {
  readonly algorithm: DigestAlgorithm;
  /** The build of the library that wrote `state`; another build's state is not readable. */
  readonly version: string;
  /** base64 */
  readonly state: string;
}

/** Pinned exactly in package.json; a state of another version is ignored and the bytes are read back. */
const stateVersion = "hash-wasm@4.13";

/** The fast hasher, five times the resumable one's speed; its state cannot be saved. */
export function hasher(algorithm: DigestAlgorithm): Hasher {
  const hash: Hash = createHash(algorithm);
  return {
    algorithm,
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => digestOf(algorithm, hash.digest("hex")),
  };
}

/**
 * A hasher that continues from `from`, or from nothing.
 * @returns undefined when the state was written by an incompatible build
 */
export async function resumableHasher(algorithm: DigestAlgorithm): Promise<ResumableHasher>;
export async function resumableHasher(
  algorithm: DigestAlgorithm,
  from: HashState,
): Promise<ResumableHasher | undefined>;
export async function resumableHasher(
  algorithm: DigestAlgorithm,
  from?: HashState,
): Promise<ResumableHasher | undefined> {
  const wasm = algorithm === "sha256" ? await createSHA256() : await createSHA512();
  if (from === undefined) {
    wasm.init();
  } else {
    if (from.version !== stateVersion || from.algorithm !== algorithm) return undefined;
    wasm.load(new Uint8Array(Buffer.from(from.state, "base64")));
  }
  return {
    algorithm,
    update: (bytes) => {
      wasm.update(bytes);
    },
    digest: () => digestOf(algorithm, wasm.digest("hex")),
    save: () => ({ algorithm, version: stateVersion, state: Buffer.from(wasm.save()).toString("base64") }),
  };
}

/** The digest of bytes that are all here. */
export function digestBytes(algorithm: DigestAlgorithm, bytes: Uint8Array): Digest {
  return digestOf(algorithm, createHash(algorithm).update(bytes).digest("hex"));
}
