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
 * rules does not matter. docs/retention.md tells what each field means to a user.
 */
export interface LifecycleRule {
  /** Unlike that of any other rule of the policy. */
  readonly name: string;
  readonly action: "keep" | "delete";
  /** Globs. */
  readonly repositories: readonly string[];
  /** Globs of tags; absent: all of them. */
  readonly tags?: readonly string[];
  /** Of manifests without a tag instead. */
  readonly untagged?: boolean;
  /** Of a rule that keeps: only so many of the images, the latest by `by`. */
  readonly newest?: number;
  /** Of a rule that deletes, which has to have it: what is so many days old, by `by`. */
  readonly olderThanDays?: number;
  /** By when it was pushed, or by when it was last pulled, which is no earlier. */
  readonly by: "push" | "pull";
}

/** What the rule is called that the hosted service's `retentionPolicy` stands for. */
export const retentionPolicyRule = "retentionPolicy";

/** The hosted service's `retentionPolicy`: manifests without a tag go after so many days. */
export function untaggedRule(days: number): LifecycleRule {
  return {
    name: retentionPolicyRule,
    action: "delete",
    repositories: ["**"],
    untagged: true,
    olderThanDays: days,
    by: "push",
  };
}
