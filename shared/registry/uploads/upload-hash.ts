import { algorithmOf, type Digest, type DigestAlgorithm } from "../../domain/digest.ts";
import { RegistryError } from "../../domain/errors.ts";
import { hasher, type ResumableHasher, resumableHasher } from "../../domain/hash.ts";
import { limits } from "../../domain/limits.ts";
import type { Place } from "../../domain/place.ts";
import type { Staged } from "../../ports/blob-store.ts";
import type { Ports } from "../../ports/ports.ts";
import type { UploadSession } from "../../ports/upload-sessions.ts";

/**
 * A resumable hasher that has consumed what the session holds: from its saved state, or, when there is none that can be
 * used, by reading the bytes back once.
 */
export async function continueHash(
  ports: Ports,
  place: Place,
  session: UploadSession,
  algorithm: DigestAlgorithm,
): Promise<ResumableHasher> {
  if (session.hash.kind === "state" && session.hash.state.algorithm === algorithm) {
    const resumed = await resumableHasher(algorithm, session.hash.state);
    if (resumed !== undefined) return resumed;
  }
  const fresh = await resumableHasher(algorithm);
  if (session.offset > 0) await readBack(ports, place, { runs: session.runs, bytes: session.offset }, fresh);
  return fresh;
}

/** The digest, in the algorithm of `wanted`, of what the session holds. Reads back only if nothing better is known. */
export async function digestOfSession(
  ports: Ports,
  place: Place,
  session: UploadSession,
  wanted: Digest,
): Promise<Digest> {
  const algorithm = algorithmOf(wanted);
  const { hash } = session;
  if (hash.kind === "digest" && algorithmOf(hash.digest) === algorithm) return hash.digest;
  if (hash.kind === "state" && hash.state.algorithm === algorithm) {
    const resumed = await resumableHasher(algorithm, hash.state);
    if (resumed !== undefined) return resumed.digest();
  }
  if (session.offset > limits.rehashBytesMax) {
    throw new RegistryError("DIGEST_INVALID", {
      message: `above ${limits.rehashBytesMax} bytes, announce ${algorithm} with ?digest-algorithm= when the upload starts`,
    });
  }
  const fast = hasher(algorithm);
  await readBack(ports, place, { runs: session.runs, bytes: session.offset }, fast);
  return fast.digest();
}

async function readBack(
  ports: Ports,
  place: Place,
  staged: Staged,
  into: { update(bytes: Uint8Array): void },
): Promise<void> {
  for await (const piece of ports.blobs.openStaged(place, staged)) into.update(piece);
}
