/** What of a registry goes by itself, and what never does. */
export interface LifecyclePolicy {
  readonly rules: readonly LifecycleRule[];
  /** Tags that are written once: they can neither be moved nor be deleted. */
  readonly immutableTags: readonly TagPattern[];
}

/** Some tags of some repositories, by globs. */
export interface TagPattern {
  readonly repositories: readonly string[];
  readonly tags: readonly string[];
}

/**
 * A rule keeps or deletes images of the repositories that it is for. What any rule keeps stays, whatever others say, so the order of
 * rules does not matter.
 */
export interface LifecycleRule {
  readonly name: string;
  readonly action: "keep" | "delete";
  /** Globs. */
  readonly repositories: readonly string[];
  /** Globs of tags; absent: all of them. */
  readonly tags?: readonly string[];
  /** Of manifests without a tag instead. */
  readonly untagged?: boolean;
  /** Keeps so many of the images, the latest by `by`. */
  readonly newest?: number;
  /** Deletes what is so many days old, by `by`. */
  readonly olderThanDays?: number;
  /** By when it was pushed, or by when it was last pulled, which is no earlier. */
  readonly by: "push" | "pull";
}
