import type { Digest } from "../../domain/digest.ts";
import { limits } from "../../domain/limits.ts";
import type { Tag } from "../../domain/name.ts";
import type { Ports } from "../../ports/ports.ts";
import type { ManifestDocument, ManifestTagDocument } from "../documents.ts";
import { endOfPrefix, ids, ranks } from "../keys.ts";
import { isUnlisted } from "../locks/locks.ts";
import type { Repository } from "../repositories.ts";

/** A manifest, and tags on it: all of them, or the first `manifestTagsListedMax`. */
export interface TaggedManifest {
  readonly manifest: ManifestDocument;
  readonly tags: readonly Tag[];
}

/**
 * Manifests that may be listed, in the order of their digests, each with its tags, which lie right behind it: range reads alone.
 * @param last the digest to start behind
 * @returns also the digest that the next page starts behind; undefined when this is the last page. A page ends early where too much
 * would have to be read, and can then even be empty.
 */
export async function listManifests(
  ports: Ports,
  repository: Repository,
  last: Digest | undefined,
  limit: number,
): Promise<{ manifests: TaggedManifest[]; next: Digest | undefined }> {
  const page = new ManifestPage(last, limit);
  for (let reads = 0; reads < limits.manifestPageReadsMax; reads++) {
    const { documents, more } = await ports.documents.list(repository.partition, {
      by: "id",
      after: page.after,
      before: endOfPrefix(ids.allManifests),
      limit: limits.manifestPageDocumentsMax,
      fresh: true,
    });
    for (const { document } of documents) {
      if (!page.take(document as ManifestDocument | ManifestTagDocument)) return page.upToHere();
    }
    if (!more) return { manifests: page.manifests, next: undefined };
  }
  return page.withoutTheLast();
}

/** What has been read of a page. */
class ManifestPage {
  readonly manifests: { manifest: ManifestDocument; tags: Tag[] }[] = [];
  /** The id to read on behind. */
  after: string;
  readonly #limit: number;
  /** The manifest that was met last, shown or not, and the one before it. */
  #met: Digest | undefined;
  #before: Digest | undefined;
  #shown = false;

  constructor(last: Digest | undefined, limit: number) {
    this.#limit = limit;
    this.#before = last;
    this.#met = last;
    this.after = last === undefined ? ids.allManifests : behindTags(last);
  }

  /** @returns false when the page is full, and this is not part of it */
  take(document: ManifestDocument | ManifestTagDocument): boolean {
    if (document.kind === "manifest") {
      if (this.manifests.length === this.#limit) return false;
      this.#before = this.#met;
      this.#met = document.digest;
      this.#shown = isListed(document);
      if (this.#shown) this.manifests.push({ manifest: document, tags: [] });
      this.after = this.#shown ? document.id : behindTags(document.digest);
      return true;
    }
    const tags = this.#shown ? this.manifests.at(-1)?.tags : undefined;
    if (tags === undefined || tags.length === limits.manifestTagsListedMax) return true;
    tags.push(document.tag);
    const full = tags.length === limits.manifestTagsListedMax && this.#met !== undefined;
    this.after = full && this.#met !== undefined ? behindTags(this.#met) : document.id;
    return true;
  }

  upToHere(): { manifests: TaggedManifest[]; next: Digest | undefined } {
    return { manifests: this.manifests, next: this.#met };
  }

  /** The tags of the last one may not all have been read. The reads of a page are more than one can need. */
  withoutTheLast(): { manifests: TaggedManifest[]; next: Digest | undefined } {
    if (!this.#shown) return this.upToHere();
    return { manifests: this.manifests.slice(0, -1), next: this.#before };
  }
}

/**
 * Manifests that may be listed, in the order in which they were pushed. A range read, and one more for each manifest that has
 * its tags.
 * @param from the rank to start behind
 * @returns also the one that the next page starts behind; undefined when this is the last page
 */
export async function listManifestsByTime(
  ports: Ports,
  repository: Repository,
  from: string | undefined,
  descending: boolean,
  limit: number,
): Promise<{ manifests: TaggedManifest[]; next: ManifestDocument | undefined }> {
  const page = await ports.documents.list(repository.partition, {
    by: "rank",
    after: descending ? ranks.manifests : (from ?? ranks.manifests),
    before: descending ? (from ?? endOfPrefix(ranks.manifests)) : endOfPrefix(ranks.manifests),
    descending,
    limit,
    fresh: true,
  });
  const met = page.documents.map((stored) => stored.document as ManifestDocument);
  const manifests = await Promise.all(
    met.filter(isListed).map(async (manifest) => ({
      manifest,
      tags: (await listTagNames(ports, repository, manifest.digest, undefined, limits.manifestTagsListedMax))
        .tags,
    })),
  );
  return { manifests, next: page.more ? met.at(-1) : undefined };
}

/** The digests of the manifests that were pushed first. One range read. */
export async function listFirstDigests(
  ports: Ports,
  repository: Repository,
  limit: number,
): Promise<Digest[]> {
  const page = await ports.documents.list(repository.partition, {
    by: "rank",
    after: ranks.manifests,
    before: endOfPrefix(ranks.manifests),
    limit,
    fresh: true,
  });
  return page.documents.map(({ document }) => (document as ManifestDocument).digest);
}

/** Tags on a manifest, in the order of their bytes. One range read. @param last the tag to start behind */
export async function listTagNames(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  last: string | undefined,
  limit: number,
): Promise<{ tags: Tag[]; more: boolean }> {
  const prefix = ids.manifestTags(digest);
  const page = await ports.documents.list(repository.partition, {
    by: "id",
    after: `${prefix}${last ?? ""}`,
    before: endOfPrefix(prefix),
    limit,
    fresh: true,
  });
  return {
    tags: page.documents.map(({ document }) => (document as ManifestTagDocument).tag),
    more: page.more,
  };
}

function isListed(manifest: ManifestDocument): boolean {
  return manifest.state === "live" && !isUnlisted(manifest.locks);
}

function behindTags(digest: Digest): string {
  return endOfPrefix(ids.manifestTags(digest));
}
