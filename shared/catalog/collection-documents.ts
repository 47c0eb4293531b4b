import type { Digest } from "../domain/digest.ts";
import type { RegistryName, RepositoryName, Tag } from "../domain/name.ts";
import type { Place } from "../domain/place.ts";
import type { Document } from "../ports/document-store.ts";

// What deletion leaves and collection works through. Times are ms since 1970.

/** A registry of this deployment, there before the registry is and until all of it is gone: whatever exists can be enumerated. */
export interface RegistryEntryDocument extends Document {
  readonly kind: "registry-entry";
  readonly rid: string;
  readonly name: RegistryName;
  /** When its creation was begun. Absent: it was there already. */
  readonly createdAt?: number;
}

/** A link that was taken from this repository: its holder, and perhaps the blob, are still to go. */
export interface UnlinkedDocument extends Document {
  readonly kind: "unlinked";
  readonly digest: Digest;
  readonly since: number;
}

/** A tag as it was when it was deleted. Its rank is that of `deletedAt`. */
export interface DeletedTagDocument extends Document {
  readonly kind: "deleted-tag";
  readonly tag: Tag;
  readonly digest: Digest;
  readonly deletedAt: number;
}

/** A generation that its repository has left. `kept`: it can be restored; `purging`: all of it goes. */
export interface LeftGenerationDocument extends Document {
  readonly kind: "left-generation";
  readonly generation: string;
  readonly deletedAt: number;
  readonly state: "kept" | "purging";
}

/**
 * Where a generation is that its repository has left, or is about to leave; ranked by state and `deletedAt`. The truth is beside
 * the header.
 */
export interface DeletedRepositoryDocument extends Document {
  readonly kind: "deleted-repository";
  readonly repository: RepositoryName;
  readonly generation: string;
  readonly deletedAt: number;
  readonly state: "kept" | "purging";
}

/** A repository to be swept; ranked by when. */
export interface SweepDocument extends Document {
  readonly kind: "sweep";
  readonly repository: RepositoryName;
  readonly due: number;
  /** Whether somebody is at it. */
  readonly underWay: boolean;
  /** When it stopped at its limit: the id of the link behind which it goes on, and when what it found waiting is due. */
  readonly after?: string;
  readonly waiting?: number;
}

/** Bytes that go at `deleteAfter`, by which it is ranked. With a digest: those of a condemned blob, whose document goes after them. */
export interface CondemnedPlaceDocument extends Document {
  readonly kind: "condemned-place";
  readonly place: Place;
  readonly deleteAfter: number;
  readonly rid?: string;
  readonly digest?: Digest;
  readonly size?: number;
}

/** The last day, in UTC, on which somebody pulled the manifest. */
export interface LastPullDocument extends Document {
  readonly kind: "last-pull";
  readonly digest: Digest;
  /** `yyyy-mm-dd` */
  readonly day: string;
}

/** How far the rules of a registry's lifecycle policy have come in their round through its repositories. */
export interface RetentionCursorDocument extends Document {
  readonly kind: "retention-cursor";
  readonly begunAt: number;
  /** The last repository that is done; absent: none is. */
  readonly after?: RepositoryName;
  readonly finished: boolean;
}

/** Keeps a job to one process at a time; without it the same work would be done twice, and no harm. */
export interface JobLeaseDocument extends Document {
  readonly kind: "job-lease";
  readonly holder: string;
  readonly until: number;
}

/** Raised when the region that takes writes changes: until `quietUntil` nothing is collected. */
export interface EpochDocument extends Document {
  readonly kind: "epoch";
  readonly epoch: number;
  readonly writeRegion: string;
  readonly quietUntil: number;
}
