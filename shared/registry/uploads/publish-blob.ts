import { holdBlob, type OwnBytes } from "../../catalog/blobs.ts";
import type { RegistryDocument } from "../../catalog/documents.ts";
import { ensureRepository } from "../../catalog/repositories.ts";
import { algorithmOf, type Digest } from "../../domain/digest.ts";
import { RegistryError } from "../../domain/errors.ts";
import type { RepositoryName } from "../../domain/name.ts";
import { samePlace } from "../../domain/place.ts";
import type { Ports } from "../../ports/ports.ts";

/**
 * Makes committed bytes a blob of the repository, and drops them if the registry had the blob already. The repository is
 * looked up only now: it may have been deleted while the bytes came.
 */
export async function publishBlob(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  digest: Digest,
  own: OwnBytes,
): Promise<void> {
  const repository = await ensureRepository(ports, registry, name);
  const link = await holdBlob(ports, repository, digest, own, "blob-push");
  if (link === undefined) throw new Error(`a blob with bytes of its own was not linked: ${digest}`);
  if (samePlace(link.place, own.place)) return;
  // If this fails, an orphan is left, which collection finds; the push has succeeded.
  await ports.blobs.delete(own.place).catch(() => {});
}

export function digestMismatch(wanted: Digest, actual: Digest): RegistryError {
  return new RegistryError("DIGEST_INVALID", {
    message: `the content's ${algorithmOf(wanted)} digest is another one`,
    detail: { expected: wanted, actual },
  });
}
