import type { Digest } from "../digest.ts";
import { compileGlobs } from "../glob.ts";
import type { LifecyclePolicy } from "../lifecycle.ts";
import type { Tag } from "../name.ts";
import { arrangeImages, type Images, withFollowers } from "./images.ts";
import { applyRules, type Choice, type Selection } from "./selection.ts";
import type { ManifestSnapshot, RepositorySnapshot, TagSnapshot } from "./snapshot.ts";

/** A tag or a manifest that is to be deleted. */
export type Victim = TagVictim | ManifestVictim;

export interface TagVictim extends Choice {
  readonly kind: "tag";
  readonly tag: Tag;
  readonly digest: Digest;
  /** Manifests that it hangs on, and that have to be gone before. */
  readonly follows: readonly Digest[];
}

export interface ManifestVictim extends Choice {
  readonly kind: "manifest";
  readonly digest: Digest;
  readonly follows: readonly Digest[];
}

/** Tags that a reason names. */
const tagsNamed = 5;

/**
 * What of a repository is to be deleted now, in an order in which it can be: tags before their manifest, an index before its
 * children, a subject before what refers to it, so that whatever cuts it short leaves nothing that lacks a part.
 *
 * - What a rule keeps, what is locked and what is immutable stays, and with it what hangs on it: children of an index, and what
 *   refers to a manifest. All of that goes when the last that it hangs on goes, unless it has a tag that stays.
 * - Rules for tags choose tags. A manifest goes when all of its tags go.
 * - Rules for manifests without a tag choose those on which nothing hangs that way.
 *
 * The order of rules, and of what is in the snapshot, does not matter for what goes.
 */
export function decideLifecycle(
  policy: LifecyclePolicy,
  repository: RepositorySnapshot,
  now: number,
): Victim[] {
  const rules = policy.rules
    .filter((rule) => compileGlobs(rule.repositories)(repository.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (repository.locked || !rules.some(({ action }) => action === "delete")) return [];
  const images = arrangeImages(repository, policy.immutableTags);
  const selection = applyRules(rules, images, now);
  const chosen = chooseManifests(images, selection);
  const reachable = withFollowers(images, chosen.keys());
  const staying = withFollowers(
    images,
    [...images.manifests.values()]
      .filter((manifest) => !reachable.has(manifest.digest) || hasToStay(images, selection, manifest))
      .map(({ digest }) => digest),
  );
  const going = new Set([...reachable].filter((digest) => !staying.has(digest)));
  return listVictims(images, selection, chosen, going);
}

/** Manifests that go on their own account: all their tags are chosen, or they have none and are chosen themselves. */
function chooseManifests(images: Images, selection: Selection): Map<Digest, Choice> {
  const chosen = new Map(selection.manifests);
  for (const [digest, tags] of images.tagsOf) {
    const own = tags.filter(({ tag }) => !images.subjects.has(tag));
    const first = own.map(({ tag }) => selection.tags.get(tag)).find((choice) => choice !== undefined);
    if (first === undefined || !own.every(({ tag }) => selection.tags.has(tag))) continue;
    const named = own.slice(0, tagsNamed).map(({ tag }) => tag);
    const more = own.length > tagsNamed ? ` and ${own.length - tagsNamed} more` : "";
    chosen.set(digest, { rule: first.rule, reason: `all of its tags go: ${named.join(", ")}${more}` });
  }
  return chosen;
}

function hasToStay(images: Images, selection: Selection, { digest, locked }: ManifestSnapshot): boolean {
  return locked || (images.tagsOf.get(digest) ?? []).some((tag) => tagStays(images, selection, tag));
}

/** Whether a tag stays whatever becomes of the manifest that it is named after. */
function tagStays(images: Images, { kept, tags }: Selection, { tag }: TagSnapshot): boolean {
  if (images.fixed.has(tag) || kept.has(tag)) return true;
  return !images.subjects.has(tag) && !tags.has(tag);
}

function listVictims(
  images: Images,
  selection: Selection,
  chosen: ReadonlyMap<Digest, Choice>,
  going: ReadonlySet<Digest>,
): Victim[] {
  const choices = new Map<Digest, Choice>();
  const victims: Victim[] = [];
  const addTags = (tags: readonly TagSnapshot[]) => {
    for (const tag of tags) {
      const victim = tagVictim(images, selection, going, choices, tag);
      if (victim !== undefined) victims.push(victim);
    }
  };
  for (const digest of inOrder(images, chosen, going)) {
    const follows = (images.leaders.get(digest) ?? []).filter((leader) => choices.has(leader));
    const choice = chosen.get(digest) ?? inherited(images, digest, follows, choices);
    choices.set(digest, choice);
    addTags(images.tagsOf.get(digest) ?? []);
    victims.push({ kind: "manifest", digest, ...choice, follows });
  }
  addTags(images.tags.filter(({ digest }) => !going.has(digest)));
  return victims;
}

function tagVictim(
  images: Images,
  selection: Selection,
  going: ReadonlySet<Digest>,
  choices: ReadonlyMap<Digest, Choice>,
  tag: TagSnapshot,
): TagVictim | undefined {
  const victim = { kind: "tag", tag: tag.tag, digest: tag.digest } as const;
  const choice = selection.tags.get(tag.tag);
  if (choice !== undefined) return { ...victim, ...choice, follows: [] };
  const subject = images.subjects.get(tag.tag);
  if (subject === undefined || !going.has(subject) || tagStays(images, selection, tag)) return undefined;
  // In a circle its own manifest may come first.
  const { rule } = choices.get(subject) ?? choices.get(tag.digest) ?? {};
  if (rule === undefined) throw new Error(`nothing goes before ${tag.tag}`);
  const follows = choices.has(subject) ? [subject] : [];
  return { ...victim, rule, reason: `is named after ${subject}, which goes`, follows };
}

/** Why something goes that no rule chose. */
function inherited(
  images: Images,
  digest: Digest,
  follows: readonly Digest[],
  choices: ReadonlyMap<Digest, Choice>,
): Choice {
  const [leader] = follows;
  const rule = leader === undefined ? undefined : choices.get(leader)?.rule;
  if (leader === undefined || rule === undefined) throw new Error(`nothing goes before ${digest}`);
  const isChild = images.manifests.get(leader)?.children.includes(digest) === true;
  return { rule, reason: `${isChild ? "is a child of" : "refers to"} ${leader}, which goes` };
}

/**
 * What goes, each after all that it hangs on. Tags that name manifests after each other, and an index that refers to its own child,
 * make a circle; then at least one that it hangs on comes before it.
 */
function inOrder(images: Images, chosen: ReadonlyMap<Digest, Choice>, going: ReadonlySet<Digest>): Digest[] {
  const seen = new Set<Digest>();
  const finished: Digest[] = [];
  for (const start of chosen.keys()) {
    if (!going.has(start) || seen.has(start)) continue;
    seen.add(start);
    // Depth first, without recursion, which a long chain would exhaust: a manifest is finished after all that hangs on it.
    const stack = [{ digest: start, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const follower = images.followers.get(top.digest)?.[top.next++];
      if (follower === undefined) {
        finished.push(top.digest);
        stack.pop();
      } else if (going.has(follower) && !seen.has(follower)) {
        seen.add(follower);
        stack.push({ digest: follower, next: 0 });
      }
    }
  }
  return finished.reverse();
}
