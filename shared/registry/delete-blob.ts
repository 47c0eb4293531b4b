import { unlinkBlob } from "../catalog/blobs.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { findRepository } from "../catalog/repositories.ts";
import type { Digest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * Takes the blob from the repository; other repositories keep theirs.
 * @throws RegistryError BLOB_UNKNOWN
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#deleting-blobs
 */
export async function deleteBlob(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  digest: Digest,
): Promise<void> {
  const repository = await findRepository(ports, registry, name);
  const removed = repository !== undefined && (await unlinkBlob(ports, repository, digest));
  if (!removed) throw new RegistryError("BLOB_UNKNOWN", { detail: { digest } });
}
