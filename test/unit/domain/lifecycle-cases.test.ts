import { describe, expect, it, test } from "vitest";
import { decideLifecycle } from "../../../shared/domain/lifecycle/decide.ts";
import type { RepositorySnapshot } from "../../../shared/domain/lifecycle/snapshot.ts";
import { type LifecyclePolicy, type LifecycleRule, untaggedRule } from "../../../shared/domain/lifecycle.ts";
import type { Tag } from "../../../shared/domain/name.ts";
import {
  daysAgo,
  manifest,
  namesOf,
  now,
  policy,
  repository,
  rule,
  schemeTag,
  tagged,
} from "./lifecycle-samples.ts";

const untagged = untaggedRule(7);
const keepAll = { action: "keep", name: "keep" } as const;

interface Case {
  readonly what: string;
  readonly rules: readonly LifecycleRule[];
  readonly immutable?: readonly string[];
  readonly before: RepositorySnapshot;
  /** Tags by name, manifests by number, in the order in which they go. */
  readonly goes: readonly (string | number)[];
}

/** Five images, one a month, of which the oldest is the first. */
const monthly = repository(
  [1, 2, 3, 4, 5].map((number) => manifest(number, 180 - 30 * number)),
  [1, 2, 3, 4, 5].map((number) => tagged(`v${number}`, number, 180 - 30 * number)),
);

/** What users of the hosted service complain about, in the order in which it is listed there. */
const complaints: readonly Case[] = [
  {
    what: "write-once tags by a pattern: a release stays, however old, and so does its manifest",
    rules: [rule()],
    immutable: ["v*"],
    before: repository([manifest(1, 90), manifest(2, 90)], [tagged("v1", 1, 90), tagged("nightly", 2, 90)]),
    goes: ["nightly", 2],
  },
  {
    what: "write-once tags by a pattern: another tag of the same manifest may go, and the manifest stays",
    rules: [rule()],
    immutable: ["v*"],
    before: repository([manifest(1, 90)], [tagged("v1", 1, 90), tagged("old", 1, 90)]),
    goes: ["old"],
  },
  {
    what: "purge in the service that keeps the last ones",
    rules: [rule({ ...keepAll, newest: 2 }), rule({ olderThanDays: 0 })],
    before: monthly,
    goes: ["v3", 3, "v2", 2, "v1", 1],
  },
  {
    what: "purge in the service that keeps the last ones: an image with many tags is one image",
    rules: [rule({ ...keepAll, newest: 2 }), rule({ olderThanDays: 0 })],
    before: repository(
      [manifest(1, 3), manifest(2, 2), manifest(3, 1)],
      [
        tagged("v1", 1, 3),
        tagged("v2", 2, 2),
        tagged("v3", 3, 1),
        tagged("v3.0", 3, 1),
        tagged("latest", 3, 1),
      ],
    ),
    goes: ["v1", 1],
  },
  {
    what: "purge in the service that keeps the last ones: those that were pulled last",
    rules: [rule({ ...keepAll, newest: 1, by: "pull" }), rule({ olderThanDays: 30 })],
    before: repository(
      [manifest(1, 90, { pulled: 1 }), manifest(2, 60)],
      [tagged("v1", 1, 90), tagged("v2", 2, 60)],
    ),
    goes: ["v2", 2],
  },
  {
    what: "the time of the last pull: what is in use stays, what nobody pulls goes, and what was never pulled counts from its push",
    rules: [rule({ by: "pull" })],
    before: repository(
      [manifest(1, 90, { pulled: 2 }), manifest(2, 90, { pulled: 40 }), manifest(3, 90), manifest(4, 9)],
      [tagged("used", 1, 90), tagged("left", 2, 90), tagged("never", 3, 90), tagged("new", 4, 9)],
    ),
    goes: ["never", 3, "left", 2],
  },
  {
    what: "retention that skips manifests of some media types: an untagged one goes, whatever it is",
    rules: [untagged],
    before: repository([manifest(1, 8), manifest(2, 9, { names: [7, 8] }), manifest(3, 6)]),
    goes: [2, 1],
  },
  {
    what: "retention that deletes what was tagged again in time: it stays",
    rules: [untagged],
    before: repository([manifest(1, 90, { tagLeftAt: daysAgo(20) })], [tagged("v1", 1, 1)]),
    goes: [],
  },
  {
    what: "retention that deletes what was tagged again in time: its days begin anew when that tag leaves it as well",
    rules: [untagged],
    before: repository([
      manifest(1, 90, { tagLeftAt: daysAgo(6) }),
      manifest(2, 90, { tagLeftAt: daysAgo(7) }),
    ]),
    goes: [2],
  },
  {
    what: "retention that ignores what had no tag before it was switched on",
    rules: [untagged],
    before: repository([manifest(1, 400)]),
    goes: [1],
  },
  {
    what: "purge that takes the children of a multi-platform image: they stay with it, though they have no tag",
    rules: [untagged, rule()],
    before: repository(
      [manifest(1, 90), manifest(2, 90), manifest(3, 90, { names: [1, 2] })],
      [tagged("v1", 3, 1)],
    ),
    goes: [],
  },
  {
    what: "purge that takes the children of a multi-platform image: they go with it, and those of another one stay",
    rules: [rule()],
    before: repository(
      [manifest(1, 90), manifest(2, 90), manifest(3, 90, { names: [1, 2] }), manifest(4, 9, { names: [2] })],
      [tagged("v1", 3, 90), tagged("v2", 4, 9)],
    ),
    goes: ["v1", 3, 1],
  },
  {
    what: "purge that takes signatures: they stay with their subject, by its digest and by a tag, and so do their own",
    rules: [untagged, rule({ olderThanDays: 10 })],
    before: repository(
      [
        manifest(1, 90),
        manifest(2, 90, { about: 1 }),
        manifest(3, 90, { about: 2 }),
        manifest(4, 90),
        manifest(5, 90, { names: [2] }),
      ],
      [tagged("v1", 1, 1), tagged(schemeTag(1, ".sig"), 4, 90), tagged(schemeTag(1), 5, 90)],
    ),
    goes: [],
  },
  {
    what: "purge that takes signatures: they go with their subject, and so do their own",
    rules: [rule({ olderThanDays: 10 })],
    before: repository(
      [manifest(1, 90), manifest(2, 90, { about: 1 }), manifest(3, 1, { about: 2 }), manifest(4, 90)],
      [tagged("v1", 1, 11), tagged(schemeTag(1, ".sig"), 4, 1)],
    ),
    goes: ["v1", 1, schemeTag(1, ".sig"), 4, 2, 3],
  },
  {
    what: "purge that takes signatures: one whose subject was never here is a manifest like others",
    rules: [untagged],
    before: repository([manifest(2, 90, { about: 1 }), manifest(3, 6, { about: 1 })]),
    goes: [2],
  },
  {
    what: "retention and soft delete at once, which exclude each other there: what is decided is the same",
    rules: [untaggedRule(0)],
    before: repository([manifest(1, 0)]),
    goes: [1],
  },
];

const further: readonly Case[] = [
  {
    what: "nothing is deleted by rules that keep",
    rules: [rule({ ...keepAll, tags: ["v1"] })],
    before: monthly,
    goes: [],
  },
  {
    what: "what a rule keeps by its tag stays",
    rules: [rule({ ...keepAll, tags: ["v1", "v3"] }), rule({ olderThanDays: 60 })],
    before: monthly,
    goes: ["v4", 4, "v2", 2],
  },
  {
    what: "newest are counted among the tags of the rule only",
    rules: [rule({ ...keepAll, tags: ["rc*"], newest: 1 }), rule()],
    before: repository(
      [manifest(1, 90), manifest(2, 80), manifest(3, 70)],
      [tagged("rc1", 1, 90), tagged("rc2", 2, 80), tagged("v1", 3, 70)],
    ),
    goes: ["v1", 3, "rc1", 1],
  },
  {
    what: "signatures are not counted among the newest images, but kept by their tag",
    rules: [
      rule({ ...keepAll, newest: 1 }),
      rule({ ...keepAll, name: "signatures", tags: [schemeTag(9, ".sig")] }),
      rule(),
    ],
    before: repository(
      [manifest(1, 90), manifest(2, 40)],
      [tagged("v1", 1, 90), tagged(schemeTag(9, ".sig"), 2, 40)],
    ),
    goes: [],
  },
  {
    what: "newest without a tag are kept",
    rules: [rule({ ...keepAll, untagged: true, newest: 1 }), untagged],
    before: repository([manifest(1, 90), manifest(2, 80)]),
    goes: [1],
  },
  {
    what: "a manifest stays while one of its tags does",
    rules: [rule({ tags: ["rc*"] })],
    before: repository([manifest(1, 90)], [tagged("rc1", 1, 90), tagged("v1", 1, 90)]),
    goes: ["rc1"],
  },
  {
    what: "a tag of a child goes, and the child stays with its index",
    rules: [rule({ tags: ["*-amd64"] })],
    before: repository(
      [manifest(1, 90), manifest(2, 90, { names: [1] })],
      [tagged("v1-amd64", 1, 90), tagged("v1", 2, 90)],
    ),
    goes: ["v1-amd64"],
  },
  {
    what: "a child with a tag of its own stays when its index goes",
    rules: [rule({ tags: ["v1"] })],
    before: repository(
      [manifest(1, 90), manifest(2, 90, { names: [1] })],
      [tagged("base", 1, 90), tagged("v1", 2, 90)],
    ),
    goes: ["v1", 2],
  },
  {
    what: "what is locked stays, with its children and its signatures, and so do the tags of a locked manifest",
    rules: [rule(), untagged],
    before: repository(
      [
        manifest(1, 90),
        manifest(2, 90, { names: [1], locked: true }),
        manifest(3, 90, { about: 2 }),
        manifest(4, 90),
      ],
      [tagged("v1", 2, 90), tagged("v2", 4, 90, { locked: true })],
    ),
    goes: [],
  },
  {
    what: "nothing goes in a repository that is locked",
    rules: [rule(), untagged],
    before: { ...monthly, locked: true },
    goes: [],
  },
  {
    what: "a rule for other repositories says nothing here",
    rules: [
      rule({ repositories: ["team", "team/*/x", "app"] }),
      rule({ ...keepAll, repositories: ["x/**"] }),
    ],
    before: monthly,
    goes: [],
  },
  {
    what: "a pull counts to the end of its day, so that what was pulled today is not old by a rule of no days",
    rules: [rule({ olderThanDays: 0, by: "pull" })],
    before: repository(
      [manifest(1, 9, { pulled: 0 }), manifest(2, 9, { pulled: 1 })],
      [tagged("v1", 1, 9), tagged("v2", 2, 9)],
    ),
    goes: ["v2", 2],
  },
  {
    what: "a tag whose manifest is being deleted is left to that",
    rules: [rule()],
    before: repository([], [tagged("v1", 1, 90)]),
    goes: [],
  },
  {
    what: "a pair of manifests tagged after each other goes when one of them has to",
    rules: [rule()],
    before: repository(
      [manifest(1, 90), manifest(2, 90)],
      [tagged("v1", 1, 90), tagged(schemeTag(1, ".sig"), 2, 90), tagged(schemeTag(2, ".sig"), 1, 90)],
    ),
    goes: ["v1", schemeTag(2, ".sig"), 1, schemeTag(1, ".sig"), 2],
  },
];

function decide({ rules, immutable = [], before }: Case) {
  const immutableTags = immutable.length === 0 ? [] : [{ repositories: ["**"], tags: immutable }];
  const decided: LifecyclePolicy = { ...policy(...rules), immutableTags };
  return decideLifecycle(decided, before, now);
}

describe("what users of the hosted service miss", () => {
  test.each(complaints)("$what", (one) => {
    expect(namesOf(decide(one))).toEqual(one.goes);
  });
});

describe("rules", () => {
  test.each(further)("$what", (one) => {
    expect(namesOf(decide(one))).toEqual(one.goes);
  });

  it("tell which of them chose what, and why", () => {
    const victims = decideLifecycle(
      policy(
        rule({ name: "old" }),
        rule({ name: "unused", tags: ["u*"], by: "pull", olderThanDays: 3 }),
        untagged,
      ),
      repository(
        [
          manifest(1, 40),
          manifest(2, 9, { pulled: 5 }),
          manifest(3, 10),
          manifest(4, 1, { about: 1 }),
          manifest(5, 1),
        ],
        [tagged("v1", 1, 40), tagged("unused", 2, 9), tagged(schemeTag(1, ".sig"), 5, 1)],
      ),
      now,
    );
    const told = new Map(victims.map((victim, index) => [namesOf(victims)[index], victim]));
    const why = (name: string | number) => [told.get(name)?.rule, told.get(name)?.reason];
    const subject = manifest(1, 0).digest;
    expect(why("v1")).toEqual(["old", "pushed 40 days ago, and the rule is for 30 or more"]);
    expect(why(1)).toEqual(["old", "all of its tags go: v1"]);
    expect(why("unused")).toEqual(["unused", "last pulled 4 days ago, and the rule is for 3 or more"]);
    expect(why(3)).toEqual([
      "retentionPolicy",
      "without a tag, pushed 10 days ago, and the rule is for 7 or more",
    ]);
    expect(why(4)).toEqual(["old", `refers to ${subject}, which goes`]);
    expect(why(schemeTag(1, ".sig"))).toEqual(["old", `is named after ${subject}, which goes`]);
    expect(why(5)).toEqual(["old", `refers to ${subject}, which goes`]);
  });

  it("decide about a hundred thousand images, and a chain as long, in seconds", () => {
    const many = 50_000;
    const numbers = Array.from({ length: many }, (_, index) => index);
    const images = numbers.map((number) => manifest(number, 90));
    const chain = numbers.map((number) =>
      manifest(many + number, 90, number === 0 ? {} : { about: many + number - 1 }),
    );
    const tags = [...numbers.map((number) => tagged(`v${number}`, number, 90)), tagged("head", many, 90)];
    const kept = rule({ ...keepAll, newest: 1_000 });
    const victims = decideLifecycle(policy(rule(), kept), repository([...images, ...chain], tags), now);
    expect(victims.length).toBeGreaterThan(2 * many);
    expect(
      victims.filter(({ kind }) => kind === "tag").map((one) => (one as { tag: Tag }).tag),
    ).not.toContain("v0");
  });
});
