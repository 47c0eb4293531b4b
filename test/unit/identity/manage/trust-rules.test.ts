import { beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import {
  createTrustRule,
  type NewTrustRule,
} from "../../../../shared/identity/manage/trust-rules/create-trust-rule.ts";
import { deleteTrustRule } from "../../../../shared/identity/manage/trust-rules/delete-trust-rule.ts";
import {
  listTrustRules,
  showTrustRule,
} from "../../../../shared/identity/manage/trust-rules/list-trust-rules.ts";
import { updateTrustRule } from "../../../../shared/identity/manage/trust-rules/update-trust-rule.ts";
import { type ManagedRegistry, openManaged } from "./managed-registry.ts";

const github = "https://token.actions.githubusercontent.com";
const main: NewTrustRule = {
  name: "github-main",
  issuer: github,
  audience: "contoso.localhost",
  conditions: [
    { claim: "repository", values: ["octo/app"] },
    { claim: "ref", values: ["refs/heads/main", "refs/tags/v*"] },
  ],
  scopeMap: "_repositories_push",
};

let at: ManagedRegistry;
beforeEach(async () => {
  at = await openManaged();
});

const create = async (changes: Partial<NewTrustRule> = {}) =>
  await createTrustRule(at.ports, at.rid, { ...main, ...changes });

describe("a trust rule", () => {
  test("is made, shown, listed and deleted", async () => {
    const rule = await create();
    expect(rule).toMatchObject({ ...main, status: "enabled", changedAt: at.clock.now() });
    expect(await showTrustRule(at.ports, at.rid, "GitHub-main")).toEqual(rule);
    await create({ name: "another" });
    expect((await listTrustRules(at.ports, at.rid)).map(({ name }) => name)).toEqual([
      "another",
      "github-main",
    ]);
    await expect(create()).rejects.toMatchObject({ status: 409 });
    await deleteTrustRule(at.ports, at.rid, "github-main");
    expect(await at.revoked()).toEqual(["trust-rule:github-main"]);
    await expect(showTrustRule(at.ports, at.rid, "github-main")).rejects.toMatchObject({ status: 404 });
    await expect(deleteTrustRule(at.ports, at.rid, "github-main")).rejects.toMatchObject({ status: 404 });
  });

  test("is changed bit by bit, and ends the sessions from before", async () => {
    const made = await create();
    expect(await updateTrustRule(at.ports, at.rid, main.name, { status: "enabled" })).toEqual(made);
    expect(await at.auth()).toBeUndefined();
    const disabled = await updateTrustRule(at.ports, at.rid, main.name, { status: "disabled" });
    expect(disabled).toMatchObject({ ...main, status: "disabled", changedAt: made.changedAt + 1 });
    expect(await at.revoked()).toEqual(["trust-rule:github-main"]);
    at.clock.advance(60_000);
    const moved = await updateTrustRule(at.ports, at.rid, main.name, { scopeMap: "_repositories_pull" });
    expect(moved).toMatchObject({ scopeMap: "_repositories_pull", changedAt: at.clock.now() });
    expect((await at.auth())?.epoch).toBe(2);
    await expect(updateTrustRule(at.ports, at.rid, "nothing", {})).rejects.toMatchObject({ status: 404 });
  });

  test("has an issuer that tokens can come from", async () => {
    const bad = [
      "http://idp.example",
      "https://idp.example?x=1",
      "https://idp.example/#a",
      "https://me:pw@idp.example",
      "idp.example",
      "https://idp.example/ x",
      `https://idp.example/${"x".repeat(limits.claimCharsMax)}`,
      "",
    ];
    for (const issuer of bad) {
      await expect(create({ issuer }), issuer).rejects.toMatchObject({
        status: 400,
        message: /an https URL/,
      });
    }
    const plain = {
      ...main,
      name: "plain",
      issuer: "http://gitlab.lan",
      conditions: [{ claim: "sub", values: ["me"] }],
    };
    expect((await createTrustRule(at.ports, at.rid, plain, true)).issuer).toBe("http://gitlab.lan");
    await expect(create({ audience: "" })).rejects.toMatchObject({ status: 400 });
    await expect(create({ scopeMap: "nothing" })).rejects.toMatchObject({ status: 400 });
    await expect(create({ name: "x" })).rejects.toMatchObject({ status: 400 });
  });

  test("has no more conditions and values than it may", async () => {
    const conditions = Array.from({ length: limits.trustConditionsMax + 1 }, () => ({
      claim: "repository",
      values: ["octo/app"],
    }));
    const values = Array.from({ length: limits.trustValuesMax + 1 }, (_, n) => `octo/app${n}`);
    for (const bad of [
      conditions,
      [{ claim: "repository", values }],
      [{ claim: "repository", values: [] }],
      [{ claim: "", values: ["octo/app"] }],
      [{ claim: "repository", values: ["octo/app", ""] }],
      [{ claim: "repository", values: ["octo/app\u001b[2J"] }],
      [{ claim: "repository", values: [`octo/${"x".repeat(limits.claimCharsMax)}`] }],
    ]) {
      await expect(create({ conditions: bad })).rejects.toMatchObject({ status: 400 });
    }
    await create({ conditions: conditions.slice(1) });
  });

  test.each<[issuer: string, claim: string, values: readonly string[], trusted: boolean]>([
    [github, "repository", ["octo/app"], true],
    [github, "repository", ["octo/*"], true],
    [github, "repository", ["*/app"], false],
    [github, "repository", ["octo/app", "**"], false],
    [github, "repository", ["octo*/app"], false],
    [github, "repository_owner", ["octo"], true],
    [github, "repository_owner", ["o*"], false],
    [github, "sub", ["repo:octo/app:ref:refs/heads/main"], true],
    [github, "sub", ["repo:*"], false],
    [github, "sub", ["**main"], false],
    [github, "ref", ["refs/heads/main"], false],
    // Whoever likes can call a workflow of somebody else.
    [github, "job_workflow_ref", ["octo/app/.github/workflows/a.yml@refs/heads/main"], false],
    [github, "toString", ["octo/app"], false],
    ["https://gitlab.com", "project_path", ["group/project"], true],
    ["https://gitlab.com", "namespace_path", ["group"], true],
    ["https://gitlab.com", "namespace_path", ["*"], false],
    ["https://gitlab.com", "ref_protected", ["true"], false],
    ["https://agent.buildkite.com", "build_branch", ["main"], false],
    ["https://agent.buildkite.com", "organization_slug", ["contoso"], true],
    ["https://agent.buildkite.com", "sub", ["organization:contoso:pipeline:*"], true],
    ["https://agent.buildkite.com", "sub", ["organization:*:pipeline:app:**"], false],
    ["https://app.terraform.io", "terraform_run_phase", ["apply"], false],
    ["https://app.terraform.io", "terraform_organization_id", ["org-1"], true],
    ["https://app.terraform.io", "sub", ["organization:con*"], false],
    ["https://gitlab.example", "ref_protected", ["true"], true],
    ["https://gitlab.example", "sub", ["**"], false],
    ["https://gitlab.example", "aud", ["contoso"], false],
    ["https://sts.windows.net/11111111-2222-3333-4444-555555555555/", "tid", ["11111111"], false],
  ])("of %s on %s %j says who is meant: %s", async (issuer, claim, values, trusted) => {
    const made = create({ issuer, conditions: [{ claim, values }] });
    if (trusted) expect((await made).conditions).toEqual([{ claim, values }]);
    else {
      await expect(made).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining(
          `this would trust everybody whom ${issuer} issues tokens for`,
        ) as string,
      });
    }
  });

  test("is refused without conditions, also by a change", async () => {
    await expect(create({ conditions: [] })).rejects.toMatchObject({ message: /would trust everybody/ });
    await create();
    await expect(updateTrustRule(at.ports, at.rid, main.name, { conditions: [] })).rejects.toMatchObject({
      message: /would trust everybody/,
    });
  });
});

test("a registry has no more trust rules than it may", async () => {
  for (let n = 0; n < limits.trustRulesMax; n++) await create({ name: `rule-${n}` });
  await expect(create({ name: "one-more" })).rejects.toMatchObject({
    status: 403,
    message: "tier Premium allows 100 trust rules; no tier allows more",
  });
  expect(await listTrustRules(at.ports, at.rid)).toHaveLength(limits.trustRulesMax);
});
