import { listDeletedManifests as listDeletedOf } from "../../catalog/deletion/deleted-manifests.ts";
import { listDeletedTags as listDeletedTagsOf } from "../../catalog/deletion/deleted-tags.ts";
import { findKeptGeneration } from "../../catalog/generations.ts";
import { listManifests } from "../../catalog/lists/manifest-pages.ts";
import { listTagsByName } from "../../catalog/lists/tag-pages.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { findRepository, inGeneration, type Repository } from "../../catalog/repositories.ts";
import { asDigest, type Digest } from "../../domain/digest.ts";
import { RegistryError } from "../../domain/errors.ts";
import { asTag, type RepositoryName, type Tag } from "../../domain/name.ts";
import type { Ports } from "../../ports/ports.ts";

/** `next` is where the next page starts; undefined when this is the last one. */
export interface DeletedPage<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

/** Times are ms since 1970. */
export interface DeletedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly deletedAt: number;
}

export interface DeletedTag {
  readonly tag: Tag;
  readonly digest: Digest;
  readonly deletedAt: number;
}

/**
 * A page of the manifests that can be restored, the longest deleted first: those of the repository as it is, or, while it is deleted
 * itself, all that it had.
 * @param after `next` of the page before
 * @throws RegistryError NAME_UNKNOWN when nothing is there and nothing can be restored
 */
export async function listDeletedManifests(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  after: string | undefined,
  limit: number,
): Promise<DeletedPage<DeletedManifest>> {
  const { repository, leftAt } = await findDeleted(ports, registry, name);
  if (limit === 0) return { items: [], next: undefined };
  if (leftAt !== undefined) {
    const last = after === undefined ? undefined : (asDigest(after) ?? refusePlace());
    const { manifests, next } = await listManifests(ports, repository, last, limit);
    const items = manifests.map(({ manifest: { digest, mediaType, size } }) => ({
      digest,
      mediaType,
      size,
      deletedAt: leftAt,
    }));
    return { items, next };
  }
  if (after !== undefined && !/^d:[0-9]{15}:/.test(after)) refusePlace();
  const { manifests, next } = await listDeletedOf(ports, repository, after, limit);
  const items = manifests.map(({ digest, mediaType, size, deletedAt = 0 }) => ({
    digest,
    mediaType,
    size,
    deletedAt,
  }));
  return { items, next };
}

/**
 * A page of the tags that can be restored, by name: each as often as it was deleted, or, while the repository is deleted itself, all
 * that it had.
 * @param after `next` of the page before
 * @throws RegistryError NAME_UNKNOWN when nothing is there and nothing can be restored
 */
export async function listDeletedTags(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  after: string | undefined,
  limit: number,
): Promise<DeletedPage<DeletedTag>> {
  const { repository, leftAt } = await findDeleted(ports, registry, name);
  if (limit === 0) return { items: [], next: undefined };
  if (leftAt !== undefined) {
    const last = after === undefined ? undefined : (asTag(after) ?? refusePlace());
    const { tags, next } = await listTagsByName(ports, repository, last, limit);
    return { items: tags.map(({ tag, digest }) => ({ tag, digest, deletedAt: leftAt })), next: next?.tag };
  }
  if (after !== undefined && !after.startsWith("dt:")) refusePlace();
  const { tags, more } = await listDeletedTagsOf(ports, repository, after, limit);
  const items = tags.map(({ tag, digest, deletedAt }) => ({ tag, digest, deletedAt }));
  return { items, next: more ? tags.at(-1)?.id : undefined };
}

/** The repository; or, with the time when it was left, what it was when it was last deleted. */
async function findDeleted(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<{ readonly repository: Repository; readonly leftAt?: number }> {
  const repository = await findRepository(ports, registry, name);
  if (repository !== undefined) return { repository };
  const left = await findKeptGeneration(ports, registry, name);
  if (left === undefined) throw new RegistryError("NAME_UNKNOWN", { detail: { name } });
  return { repository: inGeneration(registry, name, left.generation), leftAt: left.deletedAt };
}

/** The repository may have been restored since the page before. */
function refusePlace(): never {
  throw new RegistryError("PAGINATION_NUMBER_INVALID", {
    message: "last is that of the link of the page before",
  });
}
