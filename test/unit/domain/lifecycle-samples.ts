import fc from "fast-check";
import type { Digest } from "../../../shared/domain/digest.ts";
import { decideLifecycle, type Victim } from "../../../shared/domain/lifecycle/decide.ts";
import type {
  ManifestSnapshot,
  RepositorySnapshot,
  TagSnapshot,
} from "../../../shared/domain/lifecycle/snapshot.ts";
import type { LifecyclePolicy, LifecycleRule } from "../../../shared/domain/lifecycle.ts";
import type { RepositoryName, Tag } from "../../../shared/domain/name.ts";

export const now = Date.UTC(2026, 5, 30, 12);
const dayMillis = 24 * 60 * 60 * 1000;

export const daysAgo = (days: number) => now - days * dayMillis;

/** A digest that is told by its number. */
const digestOf = (number: number) => `sha256:${String(number).padStart(64, "0")}` as Digest;

export const schemeTag = (subject: number, suffix = "") =>
  `sha256-${String(subject).padStart(64, "0")}${suffix}` as Tag;

export function tagged(tag: string, number: number, ageDays: number, more: Partial<TagSnapshot> = {}) {
  const one = { tag: tag as Tag, digest: digestOf(number), updatedAt: daysAgo(ageDays), locked: false };
  return { ...one, ...more };
}

interface ManifestFacts extends Partial<ManifestSnapshot> {
  readonly names?: readonly number[];
  readonly about?: number;
  readonly pulled?: number;
}

export function manifest(number: number, ageDays: number, facts: ManifestFacts = {}): ManifestSnapshot {
  const { names = [], about, pulled, ...more } = facts;
  return {
    digest: digestOf(number),
    createdAt: daysAgo(ageDays),
    updatedAt: daysAgo(ageDays),
    children: names.map(digestOf),
    ...(about === undefined ? {} : { subject: digestOf(about) }),
    ...(pulled === undefined ? {} : { lastPullDay: new Date(daysAgo(pulled)).toISOString().slice(0, 10) }),
    locked: false,
    ...more,
  };
}

export function repository(
  manifests: readonly ManifestSnapshot[],
  tags: readonly TagSnapshot[] = [],
): RepositorySnapshot {
  return { name: "team/app" as RepositoryName, locked: false, tags, manifests };
}

/** A rule that deletes, as far as nothing else is told. */
export function rule(facts: Partial<LifecycleRule> = {}): LifecycleRule {
  const age = facts.action === "keep" ? {} : { olderThanDays: 30 };
  return { name: "rule", action: "delete", repositories: ["**"], by: "push", ...age, ...facts };
}

export function policy(...rules: readonly LifecycleRule[]): LifecyclePolicy {
  return { rules, immutableTags: [] };
}

/** Victims in short: tags by name, manifests by number, in the order in which they go. */
export function namesOf(victims: readonly Victim[]): (string | number)[] {
  return victims.map((victim) => (victim.kind === "tag" ? victim.tag : Number(victim.digest.slice(7))));
}

/** What is left when all victims are gone. Manifests that a tag has left know it. */
export function without(before: RepositorySnapshot, victims: readonly Victim[]): RepositorySnapshot {
  const tags = new Set(victims.flatMap((victim) => (victim.kind === "tag" ? [victim.tag] : [])));
  const gone = new Set(victims.flatMap((victim) => (victim.kind === "tag" ? [] : [victim.digest])));
  const left = new Set(victims.flatMap((victim) => (victim.kind === "tag" ? [victim.digest] : [])));
  return {
    ...before,
    tags: before.tags.filter(({ tag }) => !tags.has(tag)),
    manifests: before.manifests
      .filter(({ digest }) => !gone.has(digest))
      .map((one) => (left.has(one.digest) ? { ...one, tagLeftAt: now } : one)),
  };
}

/** What is decided about a repository. */
export interface Case {
  readonly what: string;
  readonly rules: readonly LifecycleRule[];
  readonly immutable?: readonly string[];
  readonly before: RepositorySnapshot;
  /** Tags by name, manifests by number, in the order in which they go. */
  readonly goes: readonly (string | number)[];
}

/** Five images, one a month, of which the oldest is the first. */
export const monthly = repository(
  [1, 2, 3, 4, 5].map((number) => manifest(number, 180 - 30 * number)),
  [1, 2, 3, 4, 5].map((number) => tagged(`v${number}`, number, 180 - 30 * number)),
);

export function decide({ rules, immutable = [], before }: Case) {
  const immutableTags = immutable.length === 0 ? [] : [{ repositories: ["**"], tags: immutable }];
  const decided: LifecyclePolicy = { ...policy(...rules), immutableTags };
  return decideLifecycle(decided, before, now);
}

const manifestsMax = 8;
const numbers = fc.integer({ min: 0, max: manifestsMax - 1 });
const ages = fc.integer({ min: 0, max: 8 });
const seldom = fc.integer({ min: 0, max: 5 }).map((number) => number === 0);

/** What a manifest names existed before it, so it has a lower number. */
const manifests = fc
  .uniqueArray(
    fc.record({
      number: numbers,
      age: ages,
      names: fc.uniqueArray(numbers, { maxLength: 3 }).map((some) => (some.length === 1 ? [] : some)),
      about: fc.option(numbers, { nil: undefined }),
      pulled: fc.option(ages, { nil: undefined }),
      left: fc.option(ages, { nil: undefined }),
      locked: seldom,
    }),
    { selector: ({ number }) => number, maxLength: manifestsMax },
  )
  .map((all) =>
    all.map(({ number, age, names, about, pulled, left, locked }) =>
      manifest(number, age, {
        names: names.filter((name) => name < number),
        ...(about === undefined || about >= number ? {} : { about }),
        ...(pulled === undefined ? {} : { pulled }),
        ...(left === undefined ? {} : { tagLeftAt: daysAgo(left) }),
        locked,
      }),
    ),
  );

const tagNames = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("v1", "v2", "v3", "v4", "rc1", "rc2", "latest") },
  {
    weight: 1,
    arbitrary: fc
      .tuple(numbers, fc.constantFrom("", ".sig", ".att", ".sbom"))
      .map(([number, suffix]) => schemeTag(number, suffix)),
  },
);

const tags = fc
  .uniqueArray(fc.record({ tag: tagNames, number: numbers, age: ages, locked: seldom }), {
    selector: ({ tag }) => tag,
    maxLength: 8,
  })
  .map((all) => all.map(({ tag, number, age, locked }) => tagged(tag, number, age, { locked })));

export const repositories = fc.record({ manifests, tags }).map((all) => repository(all.manifests, all.tags));

const tagGlobs = fc.option(
  fc.uniqueArray(fc.constantFrom("*", "v*", "rc?", "latest", "*.sig", "v1", "sha256-*"), {
    minLength: 1,
    maxLength: 2,
  }),
  { nil: undefined },
);

export const rules: fc.Arbitrary<LifecycleRule> = fc
  .record({
    keeps: fc.boolean(),
    repositories: fc.constantFrom(["**"], ["team/*"], ["other", "**/app"], ["other"]),
    globs: tagGlobs,
    untagged: fc.boolean(),
    newest: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    days: fc.integer({ min: 0, max: 5 }),
    by: fc.constantFrom("push" as const, "pull" as const),
  })
  .map(({ keeps, globs, untagged, newest, days, ...rest }) => ({
    name: "",
    action: keeps ? "keep" : "delete",
    ...(untagged ? { untagged } : globs === undefined ? {} : { tags: globs }),
    ...(!keeps ? { olderThanDays: days } : newest === undefined ? {} : { newest }),
    ...rest,
  }));

export const policies: fc.Arbitrary<LifecyclePolicy> = fc
  .record({
    rules: fc.array(rules, { minLength: 1, maxLength: 5 }),
    immutable: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.constant(["rc1", "v4"])),
  })
  .map(({ rules: some, immutable }) => ({
    rules: some.map((one, index) => ({ ...one, name: `rule ${index}` })),
    immutableTags: immutable.length === 0 ? [] : [{ repositories: ["team/**"], tags: immutable }],
  }));
