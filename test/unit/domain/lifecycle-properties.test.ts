import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Digest } from "../../../shared/domain/digest.ts";
import { compileGlobs } from "../../../shared/domain/glob.ts";
import { decideLifecycle, type Victim } from "../../../shared/domain/lifecycle/decide.ts";
import { subjectOf } from "../../../shared/domain/lifecycle/images.ts";
import type { RepositorySnapshot } from "../../../shared/domain/lifecycle/snapshot.ts";
import type { LifecyclePolicy } from "../../../shared/domain/lifecycle.ts";
import type { Tag } from "../../../shared/domain/name.ts";
import { now, policies, repositories, rules, without } from "./lifecycle-samples.ts";

const numRuns = 2_000;

function tagsIn(victims: readonly Victim[]): Set<Tag> {
  return new Set(victims.flatMap((victim) => (victim.kind === "tag" ? [victim.tag] : [])));
}

function manifestsIn(victims: readonly Victim[]): Set<Digest> {
  return new Set(victims.flatMap((victim) => (victim.kind === "manifest" ? [victim.digest] : [])));
}

/** Each victim in a word, sorted. */
function keysOf(victims: readonly Victim[]): string[] {
  return victims.map((victim) => (victim.kind === "tag" ? victim.tag : victim.digest)).sort();
}

function holds(
  check: (policy: LifecyclePolicy, repository: RepositorySnapshot, victims: readonly Victim[]) => void,
): void {
  fc.assert(
    fc.property(policies, repositories, (policy, repository) => {
      check(policy, repository, decideLifecycle(policy, repository, now));
    }),
    { numRuns },
  );
}

/** Rules of this repository that keep, and are about tags. */
function keepers(policy: LifecyclePolicy, repository: RepositorySnapshot) {
  return policy.rules.filter(
    (rule) =>
      rule.action === "keep" && rule.untagged !== true && compileGlobs(rule.repositories)(repository.name),
  );
}

describe("what is decided to go", () => {
  it("is there at most once, and tags before their manifest", () => {
    holds((_, repository, victims) => {
      const keys = keysOf(victims);
      expect(new Set(keys).size).toBe(keys.length);
      victims.forEach((victim, index) => {
        if (victim.kind !== "manifest") return;
        const later = victims
          .slice(index)
          .filter(({ kind, digest }) => kind === "tag" && digest === victim.digest);
        expect(later).toEqual([]);
        const left = repository.tags.filter(({ digest }) => digest === victim.digest);
        for (const { tag } of left) expect(tagsIn(victims).has(tag), tag).toBe(true);
      });
    });
  });

  it("has nothing in it that a rule keeps by its tag", () => {
    holds((policy, repository, victims) => {
      for (const rule of keepers(policy, repository)) {
        if (rule.newest !== undefined) continue;
        const matches = compileGlobs(rule.tags ?? ["*"]);
        const kept = repository.tags.filter(({ tag }) => matches(tag));
        for (const { tag, digest } of kept) {
          expect(tagsIn(victims).has(tag), tag).toBe(false);
          expect(manifestsIn(victims).has(digest), tag).toBe(false);
        }
      }
    });
  });

  it("leaves as many of the newest as a rule keeps, and none of those that go is newer than one that stays for it", () => {
    holds((policy, repository, victims) => {
      const pushedOnly = keepers(policy, repository).filter(({ by }) => by === "push");
      for (const { tags = ["*"], newest } of pushedOnly) {
        if (newest === undefined) continue;
        const matches = compileGlobs(tags);
        const all = repository.tags.filter(({ tag, digest }) => {
          const known = repository.manifests.some((manifest) => manifest.digest === digest);
          return known && matches(tag) && subjectOf(tag) === undefined;
        });
        const gone = all.filter(({ tag }) => tagsIn(victims).has(tag));
        const stays = all.filter(({ tag }) => !tagsIn(victims).has(tag));
        const images = new Set(all.map(({ digest }) => digest)).size;
        expect(new Set(stays.map(({ digest }) => digest)).size).toBeGreaterThanOrEqual(
          Math.min(newest, images),
        );
        for (const { updatedAt } of gone) {
          const newer = new Set(
            stays.filter((one) => one.updatedAt >= updatedAt).map(({ digest }) => digest),
          );
          expect(newer.size).toBeGreaterThanOrEqual(newest);
        }
      }
    });
  });

  it("has nothing in it that is locked or immutable, nor a manifest that has such a tag", () => {
    holds((policy, repository, victims) => {
      const immutable = compileGlobs(policy.immutableTags.flatMap(({ tags }) => tags));
      for (const { digest, locked } of repository.manifests) {
        if (locked) expect(manifestsIn(victims).has(digest)).toBe(false);
      }
      for (const { tag, digest, locked } of repository.tags) {
        if (!locked && !immutable(tag)) continue;
        expect(tagsIn(victims).has(tag), tag).toBe(false);
        expect(manifestsIn(victims).has(digest), tag).toBe(false);
      }
    });
  });

  it("has nothing in it that an index which stays has for a child", () => {
    holds((_, repository, victims) => {
      for (const { children } of without(repository, victims).manifests) {
        for (const child of children) expect(manifestsIn(victims).has(child)).toBe(false);
      }
    });
  });

  it("has nothing in it that refers to a subject which stays, by its own word or by a tag", () => {
    holds((_, repository, victims) => {
      const staying = new Set(without(repository, victims).manifests.map(({ digest }) => digest));
      for (const { digest, subject } of repository.manifests) {
        if (subject !== undefined && staying.has(subject)) expect(staying.has(digest)).toBe(true);
      }
      for (const { tag, digest } of repository.tags) {
        const subject = subjectOf(tag);
        if (subject === undefined || subject === digest || !staying.has(subject)) continue;
        expect(tagsIn(victims).has(tag) && manifestsIn(victims).has(digest), tag).toBe(false);
      }
    });
  });

  it("goes after all that it hangs on, but for what hangs on itself in a circle", () => {
    holds((_, repository, victims) => {
      victims.forEach((victim, index) => {
        const before = manifestsIn(victims.slice(0, index));
        for (const leader of victim.follows) expect(before.has(leader)).toBe(true);
      });
      const circles =
        repository.tags.some(({ tag }) => subjectOf(tag) !== undefined) ||
        repository.manifests.some(({ children, subject }) => children.length > 0 && subject !== undefined);
      if (circles) return;
      const order = victims.flatMap((victim) => (victim.kind === "manifest" ? [victim.digest] : []));
      for (const { digest, children, subject } of repository.manifests) {
        if (!order.includes(digest)) continue;
        for (const child of children.filter((one) => order.includes(one))) {
          expect(order.indexOf(child)).toBeGreaterThan(order.indexOf(digest));
        }
        if (subject === undefined || !order.includes(subject)) continue;
        expect(order.indexOf(digest)).toBeGreaterThan(order.indexOf(subject));
      }
    });
  });

  it("is chosen by a rule of the policy that deletes in this repository, and says why", () => {
    holds((policy, repository, victims) => {
      for (const { rule, reason } of victims) {
        const found = policy.rules.find(({ name }) => name === rule);
        expect(found?.action).toBe("delete");
        expect(compileGlobs(found?.repositories ?? [])(repository.name)).toBe(true);
        expect(reason).not.toBe("");
      }
    });
  });

  it("is the same in whatever order the rules, and what is in the repository, are given", () => {
    const orders = fc.array(fc.nat(), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(policies, repositories, orders, (policy, repository, order) => {
        const shuffled = <T>(all: readonly T[]) =>
          all
            .map((one, index) => ({ one, by: order[index] ?? 0 }))
            .sort((a, b) => a.by - b.by)
            .map(({ one }) => one);
        const victims = decideLifecycle(policy, repository, now);
        const rulesShuffled = { ...policy, rules: shuffled(policy.rules) };
        expect(decideLifecycle(rulesShuffled, repository, now)).toEqual(victims);
        const { tags, manifests } = repository;
        const allShuffled = { ...repository, tags: shuffled(tags), manifests: shuffled(manifests) };
        expect(keysOf(decideLifecycle(policy, allShuffled, now))).toEqual(keysOf(victims));
      }),
      { numRuns },
    );
  });

  it("becomes no more by another rule that keeps, nor by another lock", () => {
    fc.assert(
      fc.property(policies, repositories, rules, fc.nat(), (policy, repository, more, at) => {
        const before = new Set(keysOf(decideLifecycle(policy, repository, now)));
        const { olderThanDays: _, ...keeper } = { ...more, action: "keep" as const, name: "one more" };
        const kept = decideLifecycle({ ...policy, rules: [...policy.rules, keeper] }, repository, now);
        for (const key of keysOf(kept)) expect(before.has(key), key).toBe(true);
        const tags = repository.tags.map((tag, index) => ({
          ...tag,
          locked: tag.locked || index === at % 8,
        }));
        const locked = decideLifecycle(policy, { ...repository, tags }, now);
        const changed = tags.find((_, index) => index === at % 8);
        expect(keysOf(locked).includes(changed?.tag ?? "")).toBe(false);
      }),
      { numRuns },
    );
  });

  it("is nothing when it has gone and is decided again at the same time", () => {
    holds((policy, repository, victims) => {
      expect(decideLifecycle(policy, without(repository, victims), now)).toEqual([]);
    });
  });

  it("grows only by age as time passes", () => {
    fc.assert(
      fc.property(policies, repositories, fc.integer({ min: 0, max: 9 }), (policy, repository, days) => {
        const before = keysOf(decideLifecycle(policy, repository, now));
        const later = new Set(keysOf(decideLifecycle(policy, repository, now + days * 86_400_000)));
        for (const key of before) expect(later.has(key), key).toBe(true);
      }),
      { numRuns },
    );
  });

  it("is something in a fair part of these samples, and more than tags alone", () => {
    let some = 0;
    let cascades = 0;
    holds((_, __, victims) => {
      if (victims.length > 0) some += 1;
      if (victims.some((victim) => victim.follows.length > 0)) cascades += 1;
    });
    expect(some).toBeGreaterThan(numRuns / 10);
    expect(cascades).toBeGreaterThan(numRuns / 50);
  });
});
