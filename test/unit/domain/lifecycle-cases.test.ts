import { describe, expect, it, test } from "vitest";
import { decideLifecycle } from "../../../shared/domain/lifecycle/decide.ts";
import { untaggedRule } from "../../../shared/domain/lifecycle.ts";
import type { Tag } from "../../../shared/domain/name.ts";
import {
  type Case,
  decide,
  manifest,
  monthly,
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
