import type { Digest } from "../digest.ts";
import type { RepositoryName, Tag } from "../name.ts";

/** What a decision is made from. Times are ms since 1970. Nothing here tells of media types, so none matters. */
export interface RepositorySnapshot {
  readonly name: RepositoryName;
  /** Nothing in it may be deleted. */
  readonly locked: boolean;
  readonly tags: readonly TagSnapshot[];
  /** Those that readers see. */
  readonly manifests: readonly ManifestSnapshot[];
}

export interface TagSnapshot {
  readonly tag: Tag;
  readonly digest: Digest;
  /** When it was pushed last. */
  readonly updatedAt: number;
  /** It may not be deleted. */
  readonly locked: boolean;
}

export interface ManifestSnapshot {
  readonly digest: Digest;
  readonly createdAt: number;
  /** When it was pushed last. */
  readonly updatedAt: number;
  readonly tagLeftAt?: number;
  /** Manifests and blobs that it names. */
  readonly children: readonly Digest[];
  readonly subject?: Digest;
  /** It may not be deleted. */
  readonly locked: boolean;
  /** `yyyy-mm-dd`, in UTC; absent when it was never pulled. */
  readonly lastPullDay?: string;
}
