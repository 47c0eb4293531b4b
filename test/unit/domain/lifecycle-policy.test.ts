import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { parseLifecyclePolicy } from "../../../shared/domain/lifecycle/parse-policy.ts";
import { untaggedRule } from "../../../shared/domain/lifecycle.ts";
import { limits } from "../../../shared/domain/limits.ts";

const rule = { name: "old", action: "delete", repositories: ["**"], olderThanDays: 30 };

function errorsOf(value: unknown) {
  const parsed = parseLifecyclePolicy(value);
  return "errors" in parsed ? parsed.errors : [];
}

describe("a lifecycle policy", () => {
  it("is read with all its fields, and again as it was read", () => {
    const value = {
      rules: [
        { ...rule, tags: ["v*", "rc-?"], by: "pull" },
        { name: "ten", action: "keep", repositories: ["team/**"], newest: 10, by: "push" },
        {
          name: "loose",
          action: "delete",
          repositories: ["a"],
          untagged: true,
          olderThanDays: 0,
          by: "push",
        },
      ],
      immutableTags: [{ repositories: ["prod/*"], tags: ["v*"] }],
    };
    const parsed = parseLifecyclePolicy(value);
    expect(parsed).toEqual({ policy: value });
    expect(parseLifecyclePolicy(JSON.parse(JSON.stringify("policy" in parsed && parsed.policy)))).toEqual(
      parsed,
    );
  });

  it("has no rule when none is given, and goes by push", () => {
    expect(parseLifecyclePolicy({})).toEqual({ policy: { rules: [], immutableTags: [] } });
    expect(parseLifecyclePolicy({ rules: [rule] })).toMatchObject({ policy: { rules: [{ by: "push" }] } });
  });

  it("takes the rule that the hosted service's retention policy stands for", () => {
    for (const days of [0, 7, 365]) {
      expect(parseLifecyclePolicy({ rules: [untaggedRule(days)] })).toEqual({
        policy: { rules: [untaggedRule(days)], immutableTags: [] },
      });
    }
  });

  test.each([
    ["", 7],
    ["", null],
    ["", []],
    ["rule", { rule: [] }],
    ["rules", { rules: {} }],
    ["rules", { rules: Array.from({ length: 51 }, (_, index) => ({ ...rule, name: `r${index}` })) }],
    ["rules[1].name", { rules: [rule, { ...rule }] }],
    ["rules[0].name", { rules: [{ ...rule, name: "" }] }],
    ["rules[0].name", { rules: [{ ...rule, name: "a".repeat(101) }] }],
    ["rules[0].name", { rules: [{ ...rule, name: "a\nb" }] }],
    ["rules[0].action", { rules: [{ ...rule, action: "drop" }] }],
    ["rules[0].repositories", { rules: [{ ...rule, repositories: [] }] }],
    ["rules[0].repositories", { rules: [{ ...rule, repositories: "**" }] }],
    ["rules[0].repositories", { rules: [{ ...rule, repositories: Array.from({ length: 11 }, () => "a") }] }],
    ["rules[0].repositories[1]", { rules: [{ ...rule, repositories: ["a", "A"] }] }],
    ["rules[0].tags", { rules: [{ ...rule, tags: [] }] }],
    ["rules[0].tags[0]", { rules: [{ ...rule, tags: ["a/b"] }] }],
    ["rules[0].tags[0]", { rules: [{ ...rule, tags: ["*".repeat(256)] }] }],
    ["rules[0].tags[0]", { rules: [{ ...rule, tags: [1] }] }],
    ["rules[0].untagged", { rules: [{ ...rule, untagged: "yes" }] }],
    ["rules[0].tags", { rules: [{ ...rule, untagged: true, tags: ["*"] }] }],
    ["rules[0].olderThanDays", { rules: [{ ...rule, olderThanDays: -1 }] }],
    ["rules[0].olderThanDays", { rules: [{ ...rule, olderThanDays: 3_651 }] }],
    ["rules[0].olderThanDays", { rules: [{ ...rule, olderThanDays: 1.5 }] }],
    ["rules[0].olderThanDays", { rules: [{ ...rule, olderThanDays: "30" }] }],
    ["rules[0].olderThanDays", { rules: [{ name: "all", action: "delete", repositories: ["**"] }] }],
    ["rules[0].olderThanDays", { rules: [{ ...rule, action: "keep" }] }],
    ["rules[0].newest", { rules: [{ ...rule, newest: 5 }] }],
    ["rules[0].newest", { rules: [{ name: "none", action: "keep", repositories: ["**"], newest: 0 }] }],
    ["rules[0].by", { rules: [{ ...rule, by: "age" }] }],
    ["rules[0].olderThanDay", { rules: [{ ...rule, olderThanDay: 3 }] }],
    ["immutableTags[0].tags", { immutableTags: [{ repositories: ["**"] }] }],
    ["immutableTags[0].tag", { immutableTags: [{ repositories: ["**"], tags: ["*"], tag: "v1" }] }],
  ])("is refused with the field %s named", (field, value) => {
    const errors = errorsOf(value);
    expect(errors.map((error) => error.field)).toEqual([field]);
    expect(errors[0]?.message.length).toBeGreaterThan(5);
  });

  it("is refused when a rule is no object", () => {
    expect(errorsOf({ rules: ["old"] })[0]).toEqual({ field: "rules[0]", message: "is an object" });
  });

  it("is told all that is wrong with it at once", () => {
    const wrong = { rules: [{ ...rule, action: "drop", by: "age" }], immutableTags: 1 };
    expect(errorsOf(wrong).map(({ field }) => field)).toEqual([
      "rules[0].action",
      "rules[0].by",
      "immutableTags",
    ]);
  });

  it("is read or refused, whatever it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const parsed = parseLifecyclePolicy({ rules: [value], immutableTags: [value] });
        expect("errors" in parsed && parsed.errors.length > 0).toBe(true);
      }),
    );
  });

  it("fits into its registry's document at its largest", () => {
    const globs = Array.from({ length: limits.globsPerListMax }, () => "*".repeat(limits.globCharsMax));
    const rules = Array.from({ length: limits.lifecycleRulesMax }, (_, index) => ({
      ...rule,
      name: String(index).padEnd(limits.ruleNameCharsMax, "x"),
      repositories: globs,
      tags: globs,
    }));
    const immutableTags = rules.map(() => ({ repositories: globs, tags: globs }));
    const parsed = parseLifecyclePolicy({ rules, immutableTags });
    expect("policy" in parsed).toBe(true);
    expect(JSON.stringify(parsed).length).toBeLessThan(limits.commitBytesMax / 2);
  });
});
