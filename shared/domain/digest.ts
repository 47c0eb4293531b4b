import { RegistryError } from "./errors.ts";

declare const brand: unique symbol;

/** A valid digest of a supported algorithm, such as `sha256:` and 64 lower-case hex digits. */
export type Digest = string & { readonly [brand]: "Digest" };

/** The registered algorithms of the OCI image spec that this registry computes. */
export type DigestAlgorithm = "sha256" | "sha512";

const hexLengths: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 };
const grammar = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The digest that `text` spells, or undefined when it spells none. */
export function asDigest(text: string): Digest | undefined {
  return grammar.test(text) ? (text as Digest) : undefined;
}

/**
 * The digest that `text` spells.
 * @throws RegistryError DIGEST_INVALID
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export function parseDigest(text: string): Digest {
  const digest = asDigest(text);
  if (digest === undefined) {
    throw new RegistryError("DIGEST_INVALID", {
      message: "a digest is sha256:<64 hex digits> or sha512:<128 hex digits>, in lower case",
      detail: { digest: text.slice(0, 200) },
    });
  }
  return digest;
}

/** The digest of a finished hash. */
export function digestOf(algorithm: DigestAlgorithm, hex: string): Digest {
  if (hex.length !== hexLengths[algorithm]) throw new Error(`not a ${algorithm} value: ${hex.length} digits`);
  return `${algorithm}:${hex}` as Digest;
}

/** The algorithm that a `digest-algorithm` parameter names, or undefined when it is not supported. */
export function asDigestAlgorithm(text: string): DigestAlgorithm | undefined {
  return text === "sha256" || text === "sha512" ? text : undefined;
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha256:") ? "sha256" : "sha512";
}

/** The first two hex digits of the encoded part: one of 256 shards. */
export function shardOf(digest: Digest): string {
  const start = digest.indexOf(":") + 1;
  return digest.slice(start, start + 2);
}
