import { describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import type { TrustCondition } from "../../../../shared/identity/documents.ts";
import { metRules } from "../../../../shared/identity/federation/met-rules.ts";
import { githubClaims, gitlabClaims } from "../../../support/oidc-issuer.ts";

type Conditions = Readonly<Record<string, readonly string[]>>;

const conditionsOf = (conditions: Conditions): TrustCondition[] =>
  Object.entries(conditions).map(([claim, values]) => ({ claim, values }));

/** Whether the only rule, with these conditions, is met. */
const isMet = (claims: Readonly<Record<string, unknown>>, conditions: Conditions) =>
  metRules(claims, [{ conditions: conditionsOf(conditions) }]).length === 1;

describe("a trust rule", () => {
  test.each<[string, Readonly<Record<string, unknown>>, Conditions]>([
    [
      "a repository's main branch",
      githubClaims,
      { repository: ["octo-org/octo-repo"], ref: ["refs/heads/main"] },
    ],
    ["all repositories of an owner", githubClaims, { repository: ["octo-org/*"] }],
    ["an owner by id", githubClaims, { repository_owner_id: ["65"] }],
    ["one of several refs", githubClaims, { ref: ["refs/tags/v*", "refs/heads/main"] }],
    ["a subject", githubClaims, { sub: ["repo:octo-org/octo-repo:ref:refs/heads/*"] }],
    ["a group and what is below it", gitlabClaims, { project_path: ["my-group/**"] }],
    ["protected refs", gitlabClaims, { namespace_path: ["my-group/sub-group"], ref_protected: ["true"] }],
    ["a truth value", { admin: true }, { admin: ["true"] }],
    ["a number", { project_id: 20 }, { project_id: ["20"] }],
    ["one of a list", { groups: ["a", "b"] }, { groups: ["b"] }],
    ["each condition by another of a list", { roles: ["x/y", "z"] }, { roles: ["x/?"] }],
  ])("can ask for %s", (_, claims, conditions) => {
    expect(isMet(claims, conditions)).toBe(true);
  });

  test.each<[string, Readonly<Record<string, unknown>>, Conditions]>([
    ["another repository", githubClaims, { repository: ["octo-org/octo"] }],
    ["an owner whose name is longer", { repository: "octo-org-evil/x" }, { repository: ["octo-org/*"] }],
    ["a name below", { project_path: "my-group/sub/x" }, { project_path: ["my-group/*"] }],
    ["a branch called like another's end", { ref: "refs/heads/x/refs/heads/main" }, { ref: ["*/main"] }],
    ["a branch that begins likewise", { ref: "refs/heads/mainline" }, { ref: ["refs/heads/main"] }],
    ["the same in another case", githubClaims, { repository: ["Octo-Org/octo-repo"] }],
    ["a line more", { ref: "refs/heads/main\n" }, { ref: ["refs/heads/main"] }],
    [
      "one condition of two",
      githubClaims,
      { repository: ["octo-org/octo-repo"], ref: ["refs/heads/release"] },
    ],
    ["a claim that is not there", githubClaims, { environment: ["**"] }],
    ["a claim that is null", { environment: null }, { environment: ["**"] }],
    ["an empty list", { groups: [] }, { groups: ["**"] }],
    ["a list within a list", { groups: [["a"]] }, { groups: ["a"] }],
    ["an object", { ref: { main: true, toString: "x" } }, { ref: ["**"] }],
    ["a character of a text", { groups: "abc" }, { groups: ["b"] }],
    ["what every object has", {}, { constructor: ["**"], toString: ["**"] }],
    ["what a token inherits", Object.create({ ref: "main" }) as Record<string, unknown>, { ref: ["main"] }],
    ["a prototype", {}, { ["__proto__"]: ["**"] }],
    ["a list's own things", { groups: ["a"] }, { length: ["1"] }],
    ["no values", githubClaims, { repository: [] }],
    ["an empty value", githubClaims, { repository: [""] }],
    [
      "a regular expression",
      githubClaims,
      { repository: ["octo-org/.+", "[a-z/-]+", "octo-org/octo-rep[o]"] },
    ],
  ])("is not met by %s", (_, claims, conditions) => {
    expect(isMet(claims, conditions)).toBe(false);
  });

  test("asks for a claim by the names that prototypes have, when the token has it", () => {
    const claims = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, unknown>;
    const conditions = [
      { claim: "__proto__", values: ["a"] },
      { claim: "constructor", values: ["b"] },
    ];
    expect(metRules(claims, [{ conditions }])).toHaveLength(1);
  });

  test("without conditions is met by nobody", () => {
    expect(metRules(githubClaims, [{ conditions: [] }])).toEqual([]);
  });

  test("is met or not whatever the others are", () => {
    const rules = [["octo-org/*"], ["other/*"], ["*/octo-repo"]].map((values) => ({
      conditions: [{ claim: "repository", values }],
    }));
    expect(metRules(githubClaims, rules)).toEqual([rules[0], rules[2]]);
  });

  test("cannot keep the process busy, however it is made", () => {
    const long = "a".repeat(limits.claimCharsMax - 4);
    const values = Array.from({ length: limits.trustValuesMax }, () =>
      `**${long}**`.slice(0, limits.claimCharsMax),
    );
    const conditions = Array.from({ length: limits.trustConditionsMax }, () => ({ claim: "groups", values }));
    const rules = Array.from({ length: limits.trustRulesMax }, () => ({ conditions }));
    const claims = { groups: Array.from({ length: 20 }, () => "a".repeat(limits.claimCharsMax - 5)) };
    const begun = performance.now();
    expect(() => metRules(claims, rules)).toThrow("the token's claims are too long for the patterns");
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  test("is matched with all of a user's 200 groups, by as many rules as there may be", () => {
    const groups = Array.from(
      { length: 200 },
      (_, at) => `5e1b2c3d-0000-4000-8000-${String(at).padStart(12, "0")}`,
    );
    const values = Array.from(
      { length: limits.trustValuesMax },
      (_, at) => `${groups[0]?.slice(0, -3)}9${at}`,
    );
    const rules = Array.from({ length: limits.trustRulesMax }, () => ({
      conditions: [{ claim: "groups", values }],
    }));
    expect(metRules({ groups }, rules)).toEqual([]);
  });
});
