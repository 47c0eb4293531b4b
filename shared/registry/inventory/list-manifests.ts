import { ranks } from "../../catalog/keys.ts";
import {
  listManifests as listById,
  listManifestsByTime,
  type TaggedManifest,
} from "../../catalog/lists/manifest-pages.ts";
import { findManifest } from "../../catalog/manifests.ts";
import type { Repository } from "../../catalog/repositories.ts";
import type { Digest } from "../../domain/digest.ts";
import { limits } from "../../domain/limits.ts";
import type { Ports } from "../../ports/ports.ts";
import { firstFilled, type ListPlace, type Order, unknownPlace } from "./list-place.ts";

export interface ListedManifests {
  readonly manifests: readonly TaggedManifest[];
  /** Where the next page starts; undefined when this is the last one. */
  readonly next: ListPlace<Digest> | undefined;
}

/**
 * A page of manifests with their tags. Those that may not be listed are left out, so that a page can have fewer than asked for.
 * @see https://learn.microsoft.com/rest/api/containerregistry/manifests/get-list
 */
export async function listManifests(
  ports: Ports,
  repository: Repository,
  order: Order,
  place: ListPlace<Digest> | undefined,
  limit: number,
): Promise<ListedManifests> {
  if (limit === 0) return { manifests: [], next: undefined };
  return await firstFilled(
    place,
    async (from) => await readPage(ports, repository, order, from, limit),
    ({ manifests }) => manifests.length === 0,
  );
}

async function readPage(
  ports: Ports,
  repository: Repository,
  order: Order,
  place: ListPlace<Digest> | undefined,
  limit: number,
): Promise<ListedManifests> {
  if (order === "none") {
    const { manifests, next } = await listById(ports, repository, place?.last, limit);
    return { manifests, next: next === undefined ? undefined : { last: next } };
  }
  const from = place === undefined ? undefined : await rankOf(ports, repository, place);
  const readsMax = Math.min(limit, limits.pageReadItemsMax);
  const descending = order === "timedesc";
  const { manifests, next } = await listManifestsByTime(ports, repository, from, descending, readsMax);
  return { manifests, next: next === undefined ? undefined : { last: next.digest, at: next.createdAt } };
}

/** @throws RegistryError PAGINATION_NUMBER_INVALID */
async function rankOf(
  ports: Ports,
  repository: Repository,
  { last, at }: ListPlace<Digest>,
): Promise<string> {
  const createdAt = at ?? (await findManifest(ports, repository, last))?.document.createdAt;
  if (createdAt === undefined) throw unknownPlace(last);
  return ranks.manifest(createdAt, last);
}
