import { asDigest, type Digest } from "../digest.ts";
import { compileGlobs } from "../glob.ts";
import type { TagPattern } from "../lifecycle.ts";
import type { Tag } from "../name.ts";
import type { ManifestSnapshot, RepositorySnapshot, TagSnapshot } from "./snapshot.ts";

/** A repository's manifests and tags, and what hangs on what. */
export interface Images {
  readonly manifests: ReadonlyMap<Digest, ManifestSnapshot>;
  /** Those whose manifest is here. */
  readonly tags: readonly TagSnapshot[];
  readonly tagsOf: ReadonlyMap<Digest, readonly TagSnapshot[]>;
  /** What stays with a manifest, and goes with it: children, manifests that refer to it, and those that are tagged after it. */
  readonly followers: ReadonlyMap<Digest, readonly Digest[]>;
  /** The same from the other end. */
  readonly leaders: ReadonlyMap<Digest, readonly Digest[]>;
  /** Tags that name their subject, as far as that is here. They are no names that somebody gave, and no rule of age is for them. */
  readonly subjects: ReadonlyMap<Tag, Digest>;
  /** Tags that may not be deleted: locked, immutable, or of a locked manifest. */
  readonly fixed: ReadonlySet<Tag>;
}

export function arrangeImages(repository: RepositorySnapshot, immutable: readonly TagPattern[]): Images {
  const manifests = new Map(repository.manifests.map((manifest) => [manifest.digest, manifest]));
  const tags = repository.tags.filter(({ digest }) => manifests.has(digest));
  const followers = new Map<Digest, Digest[]>();
  const leaders = new Map<Digest, Digest[]>();
  const follow = (leader: Digest, follower: Digest) => {
    if (leader === follower || !manifests.has(leader) || !manifests.has(follower)) return false;
    push(followers, leader, follower);
    push(leaders, follower, leader);
    return true;
  };
  for (const { digest, children, subject } of repository.manifests) {
    for (const child of new Set(children)) follow(digest, child);
    if (subject !== undefined) follow(subject, digest);
  }
  const tagsOf = new Map<Digest, TagSnapshot[]>();
  const subjects = new Map<Tag, Digest>();
  for (const tag of tags) {
    push(tagsOf, tag.digest, tag);
    const subject = subjectOf(tag.tag);
    if (subject !== undefined && follow(subject, tag.digest)) subjects.set(tag.tag, subject);
  }
  const patterns = immutable.filter((one) => compileGlobs(one.repositories)(repository.name));
  const isImmutable = compileGlobs(patterns.flatMap((one) => one.tags));
  const fixed = new Set<Tag>();
  for (const { tag, digest, locked } of tags) {
    if (locked || manifests.get(digest)?.locked === true || isImmutable(tag)) fixed.add(tag);
  }
  return { manifests, tags, tagsOf, followers, leaders, subjects, fixed };
}

/**
 * The manifest that a tag like `sha256-<hex>`, or `.sig`, `.att` and `.sbom` behind that, was made for.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export function subjectOf(tag: Tag): Digest | undefined {
  const named = /^(sha256|sha512)-([0-9a-f]+)(\.sig|\.att|\.sbom)?$/.exec(tag);
  return named === null ? undefined : asDigest(`${named[1]}:${named[2]}`);
}

/** Everything that hangs on `digests`, at whatever distance, with themselves. */
export function withFollowers(images: Images, digests: Iterable<Digest>): Set<Digest> {
  const found = new Set(digests);
  // A set shows, while it is gone through, what is added meanwhile.
  for (const digest of found) {
    for (const follower of images.followers.get(digest) ?? []) found.add(follower);
  }
  return found;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
