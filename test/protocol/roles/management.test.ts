import { beforeAll, describe, expect, test } from "vitest";
import { createLog } from "../../../shared/telemetry/log.ts";
import { createUpkeep } from "../../../shared/upkeep/upkeep.ts";
import { basic, type GuardedRegistry } from "../harness/guarded-registry.ts";
import { pathOf, provider, subscription, version } from "../management/registry-rows.ts";
import { manage, oidOf, openRoles, registries, scopes, tokenOf, tokenUser } from "./world.ts";

const kinds = [
  "Owner",
  "Contributor",
  "Reader",
  "AcrPull",
  "AcrPush",
  "AcrDelete",
  "Container Registry Repository Reader",
  "Container Registry Repository Writer",
  "Container Registry Repository Contributor",
  "Container Registry Repository Catalog Lister",
  "Container Registry Contributor and Data Access Configuration Administrator",
] as const;

const all = `${subscription}/${provider}`;
const group = `${subscription}/resourceGroups/team`;
/** Of a registry that is not there, so that what may be done changes nothing. */
const below = (rest: string) => `${pathOf("team", "absent1")}${rest}`;
const acr = "Microsoft.ContainerRegistry";

/**
 * Requests, the action that each needs, and the roles that permit it, as the definitions of Azure's roles have it: Owner and Contributor
 * have `*`, Reader has all that ends in `read`; Contributor and Data Access Configuration Administrator has those of registries; and the others have
 * none of the management.
 * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers
 */
const managers = "Owner, Contributor, Configuration";
const readers = "Owner, Contributor, Reader, Configuration";
const requests: readonly (readonly [string, string, string, string])[] = [
  ["GET", "/subscriptions", "Microsoft.Resources/subscriptions/read", readers],
  ["GET", subscription, "Microsoft.Resources/subscriptions/read", readers],
  ["GET", group, "Microsoft.Resources/subscriptions/resourceGroups/read", readers],
  ["HEAD", group, "Microsoft.Resources/subscriptions/resourceGroups/read", readers],
  ["GET", `${subscription}/resources`, `${acr}/registries/read`, readers],
  ["POST", `${all}/checkNameAvailability`, `${acr}/checkNameAvailability/read`, readers],
  ["GET", `${all}/registries`, `${acr}/registries/read`, readers],
  ["GET", `${group}/${provider}/registries`, `${acr}/registries/read`, readers],
  ["GET", below(""), `${acr}/registries/read`, readers],
  ["PUT", below(""), `${acr}/registries/write`, managers],
  ["PATCH", below(""), `${acr}/registries/write`, managers],
  ["DELETE", below(""), `${acr}/registries/delete`, managers],
  ["GET", below("/listUsages"), `${acr}/registries/listUsages/read`, readers],
  ["GET", below("/repositoryUsages"), `${acr}/registries/repositoryUsages/read`, readers],
  ["GET", below("/cost"), `${acr}/registries/cost/read`, readers],
  ["GET", below("/repositoryCosts"), `${acr}/registries/repositoryCosts/read`, readers],
  ["GET", below("/lifecyclePolicies/default"), `${acr}/registries/lifecyclePolicies/read`, readers],
  ["PUT", below("/lifecyclePolicies/default"), `${acr}/registries/lifecyclePolicies/write`, managers],
  ["DELETE", below("/lifecyclePolicies/default"), `${acr}/registries/lifecyclePolicies/delete`, managers],
  ["GET", below("/lifecyclePolicies/default/preview"), `${acr}/registries/lifecyclePolicies/read`, readers],
  [
    "POST",
    below("/lifecyclePolicies/default/preview"),
    `${acr}/registries/lifecyclePolicies/preview/action`,
    managers,
  ],
  ["GET", below("/deletedRepositories"), `${acr}/registries/deletedRepositories/read`, readers],
  ["GET", below("/collection"), `${acr}/registries/collection/read`, readers],
  ["GET", below("/collection/preview"), `${acr}/registries/collection/read`, readers],
  ["GET", below("/usageReconciliation"), `${acr}/registries/usageReconciliation/read`, readers],
  ["POST", below("/usageReconciliation"), `${acr}/registries/usageReconciliation/action`, managers],
  ["GET", below("/scopeMaps"), `${acr}/registries/scopeMaps/read`, readers],
  ["GET", below("/scopeMaps/one-map"), `${acr}/registries/scopeMaps/read`, readers],
  ["PUT", below("/scopeMaps/one-map"), `${acr}/registries/scopeMaps/write`, managers],
  ["PATCH", below("/scopeMaps/one-map"), `${acr}/registries/scopeMaps/write`, managers],
  ["DELETE", below("/scopeMaps/one-map"), `${acr}/registries/scopeMaps/delete`, managers],
  ["GET", below("/tokens"), `${acr}/registries/tokens/read`, readers],
  ["GET", below("/tokens/builder"), `${acr}/registries/tokens/read`, readers],
  ["PUT", below("/tokens/builder"), `${acr}/registries/tokens/write`, managers],
  ["PATCH", below("/tokens/builder"), `${acr}/registries/tokens/write`, managers],
  ["DELETE", below("/tokens/builder"), `${acr}/registries/tokens/delete`, managers],
  ["POST", below("/listCredentials"), `${acr}/registries/listCredentials/action`, managers],
  ["POST", below("/regenerateCredential"), `${acr}/registries/regenerateCredential/action`, managers],
  ["POST", below("/generateCredentials"), `${acr}/registries/generateCredentials/action`, managers],
];

describe("each role, in everything", () => {
  let registry: GuardedRegistry;
  const bearers = new Map<string, string>();
  beforeAll(async () => {
    registry = await openRoles(kinds.map((role, index) => ({ principal: oidOf(index), role })));
    for (const [index, role] of kinds.entries()) bearers.set(role, `Bearer ${await tokenOf(oidOf(index))}`);
  });

  test.each(requests)("%s %s takes %s", async (method, path, action, permitted) => {
    for (const [index, role] of kinds.entries()) {
      const short = role.endsWith("Configuration Administrator") ? "Configuration" : role;
      const answer = await manage(registry, bearers.get(role) ?? "", method, path);
      if (permitted.split(", ").includes(short)) {
        expect([200, 204, 400, 404], `${role}: ${answer.body.toString()}`).toContain(answer.status);
        continue;
      }
      expect(answer.status, role).toBe(403);
      if (method === "HEAD") continue;
      const { error } = JSON.parse(answer.body.toString()) as { error: { code: string; message: string } };
      expect(error.code, role).toBe("AuthorizationFailed");
      expect(error.message, role).toMatch(
        `The client '${oidOf(index)}' with object id '${oidOf(index)}' does not have authorization to perform action '${action}' over scope '`,
      );
    }
  });
});

describe("a role in a part of the deployment", () => {
  const [inRegistry, inGroup, asGroup, mixed, nobody] = [1, 2, 3, 4, 5].map(oidOf) as [
    string,
    string,
    string,
    string,
    string,
  ];
  let registry: GuardedRegistry;
  beforeAll(async () => {
    registry = await openRoles([
      { principal: inRegistry, role: "Contributor", scope: scopes.registry("TEAM", "apps01") },
      { principal: inGroup, role: "Reader", scope: scopes.group("Team") },
      { principal: asGroup, role: "Reader", scope: scopes.group("team-b") },
      { principal: mixed, role: "Reader", scope: scopes.registry("team", "apps02") },
      { principal: mixed, role: "Owner", scope: scopes.group("team-b") },
      { principal: mixed, role: "AcrPull", scope: scopes.group("team") },
    ]);
  });

  const as = async (oid: string, claims = {}) => `Bearer ${await tokenOf(oid, claims)}`;
  const read = async (authorization: string, group: string, name: string) =>
    await manage(registry, authorization, "GET", pathOf(group, name));

  async function listed(authorization: string, path: string, query = version): Promise<string[]> {
    const names: string[] = [];
    let next: string | undefined = query;
    while (next !== undefined) {
      const answer = await manage(registry, authorization, "GET", path, undefined, next);
      expect(answer.status, answer.body.toString()).toBe(200);
      const page = JSON.parse(answer.body.toString()) as {
        value: { name: string }[];
        nextLink?: string;
      };
      names.push(...page.value.map(({ name }) => name));
      for (const [, hidden] of registries)
        if (!names.includes(hidden)) expect(page.nextLink ?? "").not.toContain(hidden);
      next = page.nextLink?.split("?")[1];
    }
    return names;
  }

  test("holds there and nowhere else", async () => {
    const contributor = await as(inRegistry);
    expect((await read(contributor, "team", "apps01")).status).toBe(200);
    expect((await read(contributor, "team", "APPS01")).status).toBe(200);
    const tags = JSON.stringify({ tags: { a: "b" } });
    expect((await manage(registry, contributor, "PATCH", pathOf("team", "apps01"), tags)).status).toBe(200);
    for (const [group, name] of [
      ["team", "apps02"],
      ["team-b", "beta01"],
      ["team-b", "apps01"],
      ["portolan", "local"],
    ] as const)
      expect((await read(contributor, group, name)).status, `${group}/${name}`).toBe(403);
    const reader = await as(inGroup);
    expect((await read(reader, "team", "apps02")).status).toBe(200);
    expect((await read(reader, "team-b", "beta01")).status).toBe(403);
    expect((await read(reader, "team", "absent1")).status).toBe(404);
  });

  test("says the same of a registry that is there and of one that is not", async () => {
    const authorization = await as(inGroup);
    const [there, absent] = [
      await read(authorization, "team-b", "beta01"),
      await read(authorization, "team-b", "beta02"),
    ];
    expect(there.status).toBe(403);
    expect(there.body.toString().replaceAll("beta01", "beta02")).toBe(absent.body.toString());
    for (const method of ["PUT", "PATCH", "DELETE"])
      expect(
        (await manage(registry, authorization, method, pathOf("team-b", "beta02"), "{}")).status,
        method,
      ).toBe(403);
  });

  test("shows nothing of what the last run of collection did in all registries", async () => {
    await createUpkeep(
      registry.ports,
      createLog("silent", () => {}),
      false,
    ).tick("collection");
    const shown = async (authorization: string) => {
      const answer = await manage(registry, authorization, "GET", `${pathOf("team", "apps01")}/collection`);
      const { properties } = JSON.parse(answer.body.toString()) as { properties: object };
      return Object.keys(properties);
    };
    expect(await shown(await as(inRegistry))).toEqual(["condemnedBlobs", "condemnedBytes"]);
    expect(await shown(basic("administrator", registry.administrator))).toContain("lastRun");
  });

  test("may be a group's, whose ids the token says", async () => {
    const member = await as(nobody, { groups: [tokenUser, asGroup.toUpperCase()] });
    expect((await read(member, "team-b", "beta01")).status).toBe(200);
    expect((await read(await as(nobody), "team-b", "beta01")).status).toBe(403);
  });

  test.each([
    [inRegistry, ["apps01"], ["apps01"]],
    [inGroup, ["apps01", "apps02"], ["apps01", "apps02"]],
    [mixed, ["beta01", "apps02"], ["apps02"]],
  ])("lets lists show what may be read there: %s", async (oid, inAll, inTeam) => {
    const authorization = await as(oid);
    for (const query of [version, `${version}&n=1`]) {
      expect(await listed(authorization, `${all}/registries`, query)).toEqual(inAll);
      expect(await listed(authorization, `${group}/${provider}/registries`, query)).toEqual(inTeam);
      expect(await listed(authorization, `${subscription}/resources`, query)).toEqual(inAll);
    }
    const named = `${version}&$filter=${encodeURIComponent("name eq 'beta01'")}`;
    expect(await listed(authorization, `${subscription}/resources`, named)).toEqual(
      inAll.filter((name) => name === "beta01"),
    );
  });

  test("opens no list where nothing may be read", async () => {
    for (const authorization of [await as(nobody), await as(asGroup)])
      expect((await manage(registry, authorization, "GET", `${group}/${provider}/registries`)).status).toBe(
        403,
      );
    expect((await manage(registry, await as(nobody), "GET", "/subscriptions")).status).toBe(403);
  });

  test("is nobody's who shows a token for something else, or of another tenant", async () => {
    for (const claims of [{ aud: "https://elsewhere.example" }, { tid: tokenUser }, { oid: undefined }])
      expect((await read(await as(inGroup, claims), "team", "apps01")).status).toBe(401);
    expect(
      (await manage(registry, basic("administrator", "wrong"), "GET", pathOf("team", "apps01"))).status,
    ).toBe(401);
  });
});
