import type { ManifestDocument, RepositoryDocument, TagDocument } from "../catalog/documents.ts";
import {
  changeManifestLocks,
  changeRepositoryLocks,
  changeTagLocks,
  type LockChanges,
} from "../catalog/locks/change-locks.ts";
import { markAnonymousPull } from "../catalog/locks/mark-anonymous-pull.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { findRepository, type Repository } from "../catalog/repositories.ts";
import type { Digest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import type { RepositoryName, Tag } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * Sets and lifts locks of the repository. Readers may go by those from before for as long as they remember a repository.
 * @throws RegistryError NAME_UNKNOWN
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-image-lock
 */
export async function lockRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  changes: LockChanges,
): Promise<RepositoryDocument> {
  const changed = await changeRepositoryLocks(ports, registry, name, changes);
  if (changed === undefined) throw unknownName(name);
  return changed;
}

/**
 * Marks the repository for pulls without login, which counts where the registry's policy lets marks count, or takes the mark away.
 * @throws RegistryError NAME_UNKNOWN
 */
export async function openRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  open: boolean,
): Promise<void> {
  if ((await markAnonymousPull(ports, registry, name, open)) === undefined) throw unknownName(name);
}

/** @throws RegistryError NAME_UNKNOWN, TAG_UNKNOWN */
export async function lockTag(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  tag: Tag,
  changes: LockChanges,
): Promise<TagDocument> {
  const repository = await demandRepository(ports, registry, name);
  const changed = await changeTagLocks(ports, repository, tag, changes);
  if (changed === undefined) throw new RegistryError("TAG_UNKNOWN", { detail: { name, tag } });
  return changed;
}

/** @throws RegistryError NAME_UNKNOWN, MANIFEST_UNKNOWN */
export async function lockManifest(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  digest: Digest,
  changes: LockChanges,
): Promise<ManifestDocument> {
  const repository = await demandRepository(ports, registry, name);
  const changed = await changeManifestLocks(ports, repository, digest, changes);
  if (changed === undefined)
    throw new RegistryError("MANIFEST_UNKNOWN", { detail: { name, reference: digest } });
  return changed;
}

async function demandRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<Repository> {
  const repository = await findRepository(ports, registry, name);
  if (repository === undefined) throw unknownName(name);
  return repository;
}

function unknownName(name: RepositoryName): RegistryError {
  return new RegistryError("NAME_UNKNOWN", { detail: { name } });
}
