import { leaseIsOver } from "../../catalog/commit.ts";
import { keepsDeleted } from "../../catalog/deletion/deleted-tags.ts";
import { removeManifest } from "../../catalog/deletion/remove-manifest.ts";
import type { EdgeDocument, ManifestTagDocument } from "../../catalog/documents.ts";
import { ids } from "../../catalog/keys.ts";
import { findManifest, readManifest } from "../../catalog/manifests.ts";
import type { Repository } from "../../catalog/repositories.ts";
import { removeTag } from "../../catalog/tags.ts";
import type { Digest } from "../../domain/digest.ts";
import { RegistryError } from "../../domain/errors.ts";
import type { ManifestVictim, TagVictim, Victim } from "../../domain/lifecycle/decide.ts";
import type { Tag } from "../../domain/name.ts";
import type { Ports } from "../../ports/ports.ts";
import { range, type SeenRepository } from "./load-snapshot.ts";

/** What was deleted, and what was left alone since it is not any more as it was seen, or is too young. */
export interface Carried {
  tags: number;
  manifests: number;
  left: number;
}

const pageDocuments = 1_000;

/**
 * Deletes what was decided, as far as it still is as it was seen: a tag by its etag, and a manifest by its own, which every change of
 * its tags changes. A manifest goes with its tags in one deletion, and only
 *
 * - when its lease is over: until then somebody may be about to point at it, and after that nobody can without changing its etag;
 * - when no manifest that is there has it for a child, nor is what it refers to there any more.
 *
 * @param mayGoOn is asked before each deletion that is possible
 * @returns false in `whole` when it was not allowed to go on
 */
export async function carryOut(
  ports: Ports,
  repository: Repository,
  seen: SeenRepository,
  victims: readonly Victim[],
  mayGoOn: () => boolean,
): Promise<Carried & { whole: boolean }> {
  const tagsOf = new Map<Digest, Set<Tag>>();
  for (const { kind, digest } of victims) if (kind === "manifest") tagsOf.set(digest, new Set());
  for (const victim of victims) if (victim.kind === "tag") tagsOf.get(victim.digest)?.add(victim.tag);
  const carried: Carried = { tags: 0, manifests: 0, left: 0 };
  const left = new Set<Digest>();
  for (const victim of victims) {
    const tags = tagsOf.get(victim.digest);
    // It goes with its manifest.
    if (victim.kind === "tag" && tags !== undefined) continue;
    // Known without asking: leases only grow, and what it hangs on was left just now.
    const possible =
      !victim.follows.some((leader) => left.has(leader)) &&
      (victim.kind === "tag" || leaseIsOver(ports, seen.manifests.get(victim.digest)?.leaseUntil ?? 0));
    if (possible && !mayGoOn()) return { ...carried, whole: false };
    const done =
      possible &&
      (victim.kind === "tag"
        ? await deleteTag(ports, repository, seen, victim)
        : await deleteManifest(ports, repository, seen, victim, tags ?? new Set()));
    if (!done) {
      carried.left += 1;
      if (victim.kind === "manifest") left.add(victim.digest);
    } else if (victim.kind === "tag") carried.tags += 1;
    else {
      carried.manifests += 1;
      carried.tags += tags?.size ?? 0;
    }
  }
  return { ...carried, whole: true };
}

async function deleteTag(
  ports: Ports,
  repository: Repository,
  seen: SeenRepository,
  { tag, follows }: TagVictim,
): Promise<boolean> {
  const ifEtag = seen.tagEtags.get(tag);
  if (ifEtag === undefined || (await anyIsThere(ports, repository, follows))) return false;
  return await unlessLocked(() => removeTag(ports, repository, tag, { ifEtag }));
}

async function deleteManifest(
  ports: Ports,
  repository: Repository,
  seen: SeenRepository,
  { digest, follows }: ManifestVictim,
  tags: ReadonlySet<Tag>,
): Promise<boolean> {
  const stored = await findManifest(ports, repository, digest);
  if (stored === undefined || stored.etag !== seen.manifests.get(digest)?.etag) return false;
  if (!leaseIsOver(ports, stored.document.leaseUntil)) return false;
  if (await anyIsThere(ports, repository, follows)) return false;
  if (await hasOtherTags(ports, repository, digest, tags)) return false;
  if (await isNeeded(ports, repository, digest)) return false;
  return await unlessLocked(() => removeManifest(ports, repository, digest, { ifEtag: stored.etag }));
}

async function anyIsThere(
  ports: Ports,
  repository: Repository,
  digests: readonly Digest[],
): Promise<boolean> {
  for (const digest of digests) {
    if ((await findManifest(ports, repository, digest)) !== undefined) return true;
  }
  return false;
}

/** Its etag says that it has none; a wrong answer here would cost an image, so it is looked at. */
async function hasOtherTags(
  ports: Ports,
  { partition }: Repository,
  digest: Digest,
  tags: ReadonlySet<Tag>,
): Promise<boolean> {
  for await (const { document } of range(ports, partition, "id", ids.manifestTags(digest), pageDocuments)) {
    if (!tags.has((document as ManifestTagDocument).tag)) return true;
  }
  return false;
}

/** Whether a manifest has it for a child that is there, or is about to be, or can be restored while this one could not. */
async function isNeeded(ports: Ports, repository: Repository, digest: Digest): Promise<boolean> {
  const final = !keepsDeleted(repository.registry);
  const { partition } = repository;
  for await (const { document } of range(ports, partition, "id", ids.edges(digest), pageDocuments)) {
    const parent = await readManifest(ports, repository, (document as EdgeDocument).manifest);
    if (parent !== undefined && (final || parent.document.state !== "deleted")) return true;
  }
  return false;
}

/** What has been locked or made immutable meanwhile is left alone. */
async function unlessLocked(remove: () => Promise<boolean>): Promise<boolean> {
  try {
    return await remove();
  } catch (error) {
    if (error instanceof RegistryError && error.code === "UNSUPPORTED") return false;
    throw error;
  }
}
