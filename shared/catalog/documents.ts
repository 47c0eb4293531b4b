import type { Digest } from "../domain/digest.ts";
import type { RepositoryName, Tag } from "../domain/name.ts";
import type { Place } from "../domain/place.ts";
import type { Meter } from "../domain/pricing/meter.ts";
import type { Document } from "../ports/document-store.ts";

/** Version of the shapes on this page. */
export const schema = 1;

// Times are ms since 1970, sizes are bytes. What each document is for, and in which commit it is written, is told in
// docs/architecture.md.

/** What is switched off for a repository, a tag or a manifest; what is not named is on. */
export type Lock = "delete" | "write" | "list" | "read";

/** Has a rank, its id again, once it is listed. */
export interface CatalogEntryDocument extends Document {
  readonly kind: "catalog-entry";
  readonly repository: RepositoryName;
  /** The repository's locks keep it off the list. */
  readonly unlisted?: true;
  readonly createdAt: number;
}

export interface RepositoryDocument extends Document {
  readonly kind: "repository";
  readonly name: RepositoryName;
  /** Names the partition of what is in it; after a deletion the next push begins a new one. */
  readonly generation: string;
  /** `deleting` while readers may still remember the generation: until `deleted`, nobody may begin another. */
  readonly state: "live" | "deleting" | "deleted";
  readonly locks?: readonly Lock[];
  /** Marked for pulls without login, which the registry's policy has to allow. */
  readonly anonymousPull?: true;
  readonly createdAt: number;
}

export interface ManifestDocument extends Document {
  readonly kind: "manifest";
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** The bytes, which are UTF-8, when small; else they are at `place`. */
  readonly content?: string;
  readonly place?: Place;
  readonly children: readonly Digest[];
  readonly subject?: Digest;
  readonly artifactType?: string;
  /**
   * `pending` while the edges are written that its commit has no room for, `deleted` while it can be restored: it has its edges
   * still, and its rank is that of `deletedAt`. Readers see only what is live.
   */
  readonly state: "pending" | "live" | "deleting" | "deleted";
  /** Set when it is to be, or is, `deleted`. */
  readonly deletedAt?: number;
  /** When a tag left it last. */
  readonly tagLeftAt?: number;
  readonly locks?: readonly Lock[];
  readonly leaseUntil: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Reverse entry of a tag; sorts right behind its manifest. */
export interface ManifestTagDocument extends Document {
  readonly kind: "manifest-tag";
  readonly tag: Tag;
}

export interface TagDocument extends Document {
  readonly kind: "tag";
  readonly tag: Tag;
  readonly digest: Digest;
  /** Counts the moves of the tag. */
  readonly version: number;
  readonly locks?: readonly Lock[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface ReferrerDocument extends Document {
  readonly kind: "referrer";
  readonly subject: Digest;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly artifactType?: string;
  /** Absent when there are none, or when they are too large to keep here and `annotationsInManifest` is true. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly annotationsInManifest: boolean;
}

/** Says that a manifest needs a child: what is pointed at is not collected. */
export interface EdgeDocument extends Document {
  readonly kind: "edge";
  readonly child: Digest;
  readonly childKind: "manifest" | "blob";
  readonly manifest: Digest;
  readonly createdAt: number;
}

/** This repository may read this digest. */
export interface LinkDocument extends Document {
  readonly kind: "link";
  readonly digest: Digest;
  readonly size: number;
  readonly place: Place;
  /** When the bytes were at their place. */
  readonly committedAt: number;
  readonly leaseUntil: number;
}

export interface BlobDocument extends Document {
  readonly kind: "blob";
  readonly digest: Digest;
  readonly size: number;
  readonly place: Place;
  /** `condemned`: nobody holds it, and its bytes go at `deleteAfter`. */
  readonly state: "live" | "condemned";
  readonly deleteAfter?: number;
  readonly leaseUntil: number;
  readonly committedAt: number;
}

/** Keeps a blob alive for one generation of one repository. */
export interface HolderDocument extends Document {
  readonly kind: "holder";
  readonly digest: Digest;
  readonly repository: RepositoryName;
  readonly generation: string;
  readonly since: number;
}

/** Sums of one shard's blobs, live and condemned; `seq` counts its commits. */
export interface CounterDocument extends Document {
  readonly kind: "counter";
  readonly bytes: number;
  readonly blobs: number;
  readonly condemnedBytes?: number;
  readonly condemnedBlobs?: number;
  readonly seq: number;
}

/**
 * `blob-collect`: collection took what nothing points at. `manifest-untag`: tags that go with their manifest, some commits after
 * its `manifest-delete`. `manifest-purge`, `tag-purge`: what was deleted cannot be restored any more.
 */
export type EventAction =
  | "blob-push"
  | "blob-mount"
  | "blob-delete"
  | "blob-collect"
  | "manifest-push"
  | "manifest-delete"
  | "manifest-untag"
  | "manifest-restore"
  | "manifest-purge"
  | "tag-delete"
  | "tag-purge"
  | "repository-delete"
  | "repository-restore";

/** Committed with the change it tells of, as the last operation: where it is, the whole commit is. */
export interface EventDocument extends Document {
  readonly kind: "event";
  readonly action: EventAction;
  readonly at: number;
  readonly region: string;
  readonly rid: string;
  readonly repository: RepositoryName;
  readonly generation: string;
  readonly digest?: Digest;
  readonly mediaType?: string;
  readonly size?: number;
  readonly tags?: readonly Tag[];
  /** What this commit changed of the repository's figures; absent when nothing. */
  readonly usage?: Partial<RepositoryFigures>;
}

/** What a repository has. In an event: what it has more, or, below 0, less than before. */
export interface RepositoryFigures {
  readonly manifests: number;
  readonly manifestBytes: number;
  readonly tags: number;
  /** Blobs that it may read. Those that several repositories have are there only once. */
  readonly blobs: number;
  readonly blobBytes: number;
  /** What can be restored; not among the manifests and tags above. */
  readonly deletedManifests: number;
  readonly deletedManifestBytes: number;
  readonly deletedTags: number;
}

/** What is known of one shard's counter. */
export type ShardFigures = readonly [
  seq: number,
  bytes: number,
  blobs: number,
  condemnedBytes?: number,
  condemnedBlobs?: number,
];

/** Sums of all shard counters and all repositories of a registry, as far as their changes have been seen. */
export interface RegistryUsageDocument extends Document {
  readonly kind: "registry-usage";
  readonly bytes: number;
  readonly blobs: number;
  readonly condemnedBytes?: number;
  readonly condemnedBlobs?: number;
  /** Of the repositories' present generations, and of those that were left and are not purged yet. Absent: of none. */
  readonly live?: RepositoryFigures;
  readonly left?: RepositoryFigures;
  /** By the shard's two hex digits. */
  readonly shards: Readonly<Record<string, ShardFigures>>;
  readonly updatedAt: number;
  /** What was stored for how long, and what all repositories together had. Absent: metering has not begun. */
  readonly metered?: Meter;
  readonly meteredRepositories?: Meter;
}

export interface RepositoryUsageDocument extends Document {
  readonly kind: "repository-usage";
  readonly repository: RepositoryName;
  readonly generation: string;
  /** How often the generation was left, less how often it was restored: above 0, it is left. */
  readonly departures: number;
  /** Nothing is there any more, and what is told of it later counts for nothing. */
  readonly purged?: true;
  readonly figures: RepositoryFigures;
  /** The turn of the event consumer in which it was written, and which events, latest last, are counted. */
  readonly turn: number;
  readonly counted: readonly string[];
  readonly updatedAt: number;
  /** What it had for how long. Absent: metering has not begun. */
  readonly metered?: Meter;
  readonly recount?: RepositoryRecount;
  /** What the latest recount adds up, part by part. */
  readonly recounting?: HolderSums & { readonly pass: string; readonly part: number };
}

/** What a repository's holders keep. */
export interface HolderSums {
  /** Of blobs that no other repository has, and of those that others have too. */
  readonly uniqueBlobs: number;
  readonly uniqueBytes: number;
  readonly sharedBlobs: number;
  readonly sharedBytes: number;
}

/** What only a look at all of a registry's holders shows of a repository, as of `at`. */
export interface RepositoryRecount extends HolderSums {
  readonly at: number;
  /** Of blobs, unique or shared, that no live manifest of the repository needs, but one that can be restored. */
  readonly restorableBlobs: number;
  readonly restorableBytes: number;
}

/** How far the event consumer is in the store's changes. */
export interface EventCursorDocument extends Document {
  readonly kind: "event-cursor";
  /** Absent: at the beginning. */
  readonly cursor?: string;
  /** Counts the steps of the cursor. */
  readonly turn: number;
}
