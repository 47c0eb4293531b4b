import { findLink, leaseLink } from "../catalog/blobs.ts";
import type { LinkDocument } from "../catalog/documents.ts";
import { demandUnlocked } from "../catalog/locks/locks.ts";
import type { Repository } from "../catalog/repositories.ts";
import type { Digest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Ports } from "../ports/ports.ts";

/** A blob that the repository may read. */
export interface ReadableBlob {
  readonly digest: Digest;
  readonly size: number;
  /** A URL that gives the bytes, or undefined where they are served through. */
  sign(): Promise<string | undefined>;
  /** The bytes from `start` to `end`, both inclusive. */
  open(start: number, end: number): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * The blob, if this repository may read it; what other repositories have does not count.
 * @param promise whether the client asks in order to rely on it, as a push does by HEAD: then it stays for at least an hour
 * @throws RegistryError BLOB_UNKNOWN, or DENIED when the repository is locked against reading
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs
 */
export async function readBlob(
  ports: Ports,
  repository: Repository | undefined,
  digest: Digest,
  promise: boolean,
): Promise<ReadableBlob> {
  if (repository === undefined) throw new RegistryError("BLOB_UNKNOWN", { detail: { digest } });
  // Who may push must be able to learn what is there.
  if (!promise) demandUnlocked("read", `the repository ${repository.name}`, repository.locks);
  const link = promise
    ? await leaseLink(ports, repository, digest)
    : (await findLink(ports, repository, digest))?.document;
  if (link === undefined) throw new RegistryError("BLOB_UNKNOWN", { detail: { digest } });
  return readable(ports, repository, link);
}

function readable(ports: Ports, { registry }: Repository, link: LinkDocument): ReadableBlob {
  const { digest, size, place, committedAt } = link;
  const options = { seconds: limits.signedUrlSeconds, mediaType: "application/octet-stream", committedAt };
  return {
    digest,
    size,
    sign: async () => {
      const { serveThroughBytesMax = 0, exportPolicy } = registry.policies;
      // A signed URL works from any network, for whoever it is passed on to.
      const servedThrough = size <= serveThroughBytesMax || exportPolicy === "disabled";
      return servedThrough ? undefined : await ports.blobs.sign(place, options);
    },
    open: async (start, end) => {
      const bytes = await ports.blobs.open(place, start, end, committedAt);
      if (bytes === undefined)
        throw new Error(`no bytes at ${place.container}/${place.name}, the place of ${digest}`);
      return bytes;
    },
  };
}
