import { holdBlob, type OwnBytes } from "../../catalog/blobs.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { ensureRepository } from "../../catalog/repositories.ts";
import { algorithmOf, type Digest } from "../../domain/digest.ts";
import { RegistryError } from "../../domain/errors.ts";
import type { RepositoryName } from "../../domain/name.ts";
import { samePlace } from "../../domain/place.ts";
import type { Ports } from "../../ports/ports.ts";
import { demandPushable } from "./demand-pushable.ts";

/**
 * Makes committed bytes a blob of the repository, and drops them if the registry had the blob already. The repository is
 * looked up only now: it may have been deleted, or locked, while the bytes came.
 * @throws RegistryError DENIED when the repository is locked, or the registry is full
 */
export async function publishBlob(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  digest: Digest,
  own: OwnBytes,
): Promise<void> {
  const repository = await ensureRepository(ports, registry, name);
  try {
    demandPushable(name, repository.locks);
    await ports.quota?.reserve(registry, own.size);
  } catch (error) {
    await drop(ports, own);
    throw error;
  }
  const link = await holdBlob(ports, repository, digest, own, "blob-push");
  if (link === undefined) throw new Error(`a blob with bytes of its own was not linked: ${digest}`);
  if (samePlace(link.place, own.place)) return;
  await drop(ports, own);
}

/** If this fails, an orphan is left, which collection finds; it changes nothing of what became of the push. */
async function drop(ports: Ports, own: OwnBytes): Promise<void> {
  await ports.blobs.delete(own.place).catch(() => {});
}

export function digestMismatch(wanted: Digest, actual: Digest): RegistryError {
  return new RegistryError("DIGEST_INVALID", {
    message: `the content's ${algorithmOf(wanted)} digest is another one`,
    detail: { expected: wanted, actual },
  });
}
