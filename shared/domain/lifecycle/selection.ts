import type { Digest } from "../digest.ts";
import { compileGlobs } from "../glob.ts";
import type { LifecycleRule } from "../lifecycle.ts";
import type { Tag } from "../name.ts";
import { type Images, subjectOf } from "./images.ts";
import type { ManifestSnapshot, TagSnapshot } from "./snapshot.ts";

/** Which rule chose something, and why in words. */
export interface Choice {
  readonly rule: string;
  readonly reason: string;
}

/** What rules say by themselves, before it is seen what hangs on what. */
export interface Selection {
  /** Tags that a rule keeps. */
  readonly kept: ReadonlySet<Tag>;
  /** Tags, and manifests without a tag, that a rule deletes and none keeps. */
  readonly tags: ReadonlyMap<Tag, Choice>;
  readonly manifests: ReadonlyMap<Digest, Choice>;
}

const dayMillis = 24 * 60 * 60 * 1000;

/** @param rules those of this repository; where several delete the same thing, the first is named */
export function applyRules(rules: readonly LifecycleRule[], images: Images, now: number): Selection {
  const loose = [...images.manifests.values()].filter((manifest) => isLoose(images, manifest));
  const kept = new Set<Tag>();
  const keptLoose = new Set<Digest>();
  for (const rule of rules.filter(({ action }) => action === "keep")) {
    if (rule.untagged === true) for (const digest of keepLoose(rule, loose)) keptLoose.add(digest);
    else for (const tag of keepTags(rule, images)) kept.add(tag);
  }
  const tags = new Map<Tag, Choice>();
  const manifests = new Map<Digest, Choice>();
  for (const rule of rules.filter(({ action }) => action === "delete")) {
    if (rule.untagged === true) {
      for (const manifest of loose) {
        const { digest } = manifest;
        if (keptLoose.has(digest) || manifests.has(digest)) continue;
        const choice = chooseByAge(rule, looseSince(manifest), pulledUntil(manifest), now);
        if (choice !== undefined)
          manifests.set(digest, { ...choice, reason: `without a tag, ${choice.reason}` });
      }
      continue;
    }
    const matches = tagMatcher(rule);
    for (const { tag, digest, updatedAt } of images.tags) {
      if (kept.has(tag) || tags.has(tag) || images.fixed.has(tag) || images.subjects.has(tag)) continue;
      if (!matches(tag)) continue;
      const choice = chooseByAge(rule, updatedAt, pulledUntil(images.manifests.get(digest)), now);
      if (choice !== undefined) tags.set(tag, choice);
    }
  }
  return { kept, tags, manifests };
}

function tagMatcher(rule: LifecycleRule): (tag: Tag) => boolean {
  return rule.tags === undefined ? () => true : compileGlobs(rule.tags);
}

/**
 * A manifest that rules for what has no tag are for: nothing here needs it, and it refers to nothing here. What is locked stays
 * anyway, and does not count among the newest.
 */
function isLoose(images: Images, { digest, locked }: ManifestSnapshot): boolean {
  return !locked && !images.tagsOf.has(digest) && !images.leaders.has(digest);
}

function keepLoose(rule: LifecycleRule, loose: readonly ManifestSnapshot[]): Digest[] {
  if (rule.newest === undefined) return loose.map(({ digest }) => digest);
  const timed = loose.map((manifest) => {
    return { key: manifest.digest, time: timeOf(rule, looseSince(manifest), manifest) };
  });
  return newestOf(timed, rule.newest);
}

/**
 * Images are counted, not tags: one that has several of the tags counts once, at the time of the latest, and keeps them all. Tags
 * that may not be deleted anyway, and signatures and the like, do not count.
 */
function keepTags(rule: LifecycleRule, images: Images): Tag[] {
  const matches = tagMatcher(rule);
  const matching = images.tags.filter(({ tag }) => matches(tag));
  if (rule.newest === undefined) return matching.map(({ tag }) => tag);
  const counted = matching.filter(({ tag }) => !images.fixed.has(tag) && subjectOf(tag) === undefined);
  const times = new Map<Digest, number>();
  for (const { digest, updatedAt } of counted) {
    const time = timeOf(rule, updatedAt, images.manifests.get(digest));
    times.set(digest, Math.max(time, times.get(digest) ?? time));
  }
  const timed = [...times].map(([key, time]) => ({ key, time }));
  const newest = new Set(newestOf(timed, rule.newest));
  return counted.filter(({ digest }: TagSnapshot) => newest.has(digest)).map(({ tag }) => tag);
}

/** Of those of one time the first by digest, so that it does not depend on the order in which they are given. */
function newestOf(timed: { key: Digest; time: number }[], count: number): Digest[] {
  timed.sort((a, b) => b.time - a.time || (a.key < b.key ? -1 : 1));
  return timed.slice(0, count).map(({ key }) => key);
}

function timeOf(rule: LifecycleRule, pushedAt: number, manifest: ManifestSnapshot | undefined): number {
  return rule.by === "push" ? pushedAt : Math.max(pushedAt, pulledUntil(manifest));
}

function chooseByAge(
  { name, by, olderThanDays = 0 }: LifecycleRule,
  pushedAt: number,
  pulledAt: number,
  now: number,
): Choice | undefined {
  const since = by === "push" ? pushedAt : Math.max(pushedAt, pulledAt);
  // What is younger than this moment has no age, by a rule of 0 days as well.
  if (now - since < olderThanDays * dayMillis) return undefined;
  const days = Math.floor((now - since) / dayMillis);
  const what =
    since > pushedAt ? "last pulled" : by === "pull" ? "pushed, and never pulled since," : "pushed";
  return { rule: name, reason: `${what} ${days} days ago, and the rule is for ${olderThanDays} or more` };
}

/** When a manifest without a tag became what it is. */
function looseSince({ createdAt, updatedAt, tagLeftAt = 0 }: ManifestSnapshot): number {
  return Math.max(createdAt, updatedAt, tagLeftAt);
}

/** The end of the day of the last pull, since the hour is not known. 0: it was never pulled. */
function pulledUntil(manifest: ManifestSnapshot | undefined): number {
  const day = manifest?.lastPullDay;
  return day === undefined ? 0 : Date.parse(`${day}T00:00:00Z`) + dayMillis;
}
