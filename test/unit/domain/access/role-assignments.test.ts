import { describe, expect, test } from "vitest";
import {
  mayManage,
  placeOf,
  placesWithin,
  readRoleAssignments,
} from "../../../../shared/domain/access/role-assignments.ts";

const subscription = "00000000-0000-0000-0000-000000000000";
const principal = "0a5f1e3c-6f1b-4e0f-9d0a-3f0c6a1e2b77";
const scope = `/subscriptions/${subscription}`;
const registryScope = `${scope}/resourceGroups/Team/providers/Microsoft.ContainerRegistry/registries/App01`;
const read = "Microsoft.ContainerRegistry/registries/read";
const write = "Microsoft.ContainerRegistry/registries/write";

const parse = (value: unknown) =>
  readRoleAssignments(JSON.stringify(value), "ROLE_ASSIGNMENTS", subscription);

describe("role assignments", () => {
  test.each([
    [
      { principal, role: "Reader" },
      { principal, role: "Reader", place: {} },
    ],
    [
      { principal: principal.toUpperCase(), role: "acrpush", scope: `${scope.toUpperCase()}/` },
      { principal, role: "AcrPush", place: {} },
    ],
    [
      { principal, role: "Contributor", scope: `${scope}/resourceGroups/Team` },
      { principal, role: "Contributor", place: { group: "team" } },
    ],
    [
      { principal, role: "container registry repository reader", scope: registryScope },
      {
        principal,
        role: "Container Registry Repository Reader",
        place: { group: "team", registry: "app01" },
      },
    ],
  ])("are read from %j", (given, expected) => {
    expect(parse([given])).toEqual([expected]);
  });

  test("are none where none are told", () => {
    expect(readRoleAssignments(undefined, "ROLE_ASSIGNMENTS", subscription)).toEqual([]);
    expect(readRoleAssignments("", "ROLE_ASSIGNMENTS", subscription)).toEqual([]);
  });

  test.each([
    ["{", "ROLE_ASSIGNMENTS is not JSON"],
    ["{}", "ROLE_ASSIGNMENTS is a list of up to 200 role assignments"],
    [JSON.stringify(Array(201).fill({ principal, role: "Reader" })), "a list of up to 200 role assignments"],
    ["[7]", "ROLE_ASSIGNMENTS: assignment 1 is an object with principal, role and scope"],
    ["[null]", "assignment 1 is an object"],
    [`[{"role":"Reader"}]`, "assignment 1: principal is an object id, which is a GUID"],
    [`[{"principal":"me@contoso.example","role":"Reader"}]`, "assignment 1: principal is an object id"],
    [`[{"principal":"${principal}","role":"Reeder"}]`, 'assignment 1: role "Reeder" is none of Owner, '],
    [`[{"principal":"${principal}","role":"constructor"}]`, 'role "constructor" is none of'],
    [`[{"principal":"${principal}"}]`, "role absent is none of"],
    [`[{"principal":"${principal}","role":"Reader","condition":"x"}]`, 'assignment 1 has "condition"'],
  ])("are refused: %s", (text, message) => {
    expect(() => readRoleAssignments(text, "ROLE_ASSIGNMENTS", subscription)).toThrow(message);
  });

  test.each([
    "",
    null,
    7,
    "/",
    "/subscriptions",
    `${scope}/resourceGroups`,
    `${scope}/resourceGroups/a/b`,
    `${scope}/resourceGroups/a.`,
    `${scope}/resourceGroups/a/providers/Microsoft.ContainerRegistry/registries`,
    `${scope}/resourceGroups/a/providers/Microsoft.ContainerRegistry/registries/no`,
    `${scope}/resourceGroups/a/providers/Microsoft.Storage/storageAccounts/app01`,
    `${registryScope}/tokens/a`,
  ])("are refused with the scope %j", (wrong) => {
    expect(() => parse([{ principal, role: "Reader", scope: wrong }])).toThrow(
      `scope ${JSON.stringify(wrong)} is no subscription, resource group or registry`,
    );
  });

  test("are refused in another subscription", () => {
    const other = scope.replace("/0", "/1");
    expect(() =>
      parse([
        { principal, role: "Reader" },
        { principal, role: "Owner", scope: other },
      ]),
    ).toThrow(`assignment 2: scope "${other}" is of another subscription than SUBSCRIPTION_ID`);
  });
});

describe("a role", () => {
  const held = (role: "Reader" | "Contributor" | "AcrPull", ...place: string[]) => ({
    role,
    place: placeOf(...place),
  });

  test("holds where it is assigned, and below", () => {
    const inGroup = [held("Reader", "Team")];
    expect(mayManage(inGroup, read, placeOf("team"))).toBe(true);
    expect(mayManage(inGroup, read, placeOf("TEAM", "app01"))).toBe(true);
    expect(mayManage(inGroup, read, placeOf())).toBe(false);
    expect(mayManage(inGroup, read, placeOf("team2", "app01"))).toBe(false);
    expect(mayManage(inGroup, write, placeOf("team", "app01"))).toBe(false);
    const inRegistry = [held("Contributor", "team", "app01")];
    expect(mayManage(inRegistry, write, placeOf("team", "App01"))).toBe(true);
    expect(mayManage(inRegistry, read, placeOf("team"))).toBe(false);
    expect(mayManage(inRegistry, read, placeOf("other", "app01"))).toBe(false);
    expect(mayManage([held("Contributor")], write, placeOf("any", "app01"))).toBe(true);
  });

  test("lets lists show the fewest places", () => {
    const roles = [
      held("Reader", "b", "app01"),
      held("Contributor", "b"),
      held("Reader", "b"),
      held("Reader", "c", "app02"),
      held("Contributor", "c", "app02"),
      held("AcrPull", "d"),
    ];
    expect(placesWithin(roles, read, placeOf())).toEqual([{ group: "b" }, { group: "c", registry: "app02" }]);
    expect(placesWithin(roles, read, placeOf("b"))).toEqual([{ group: "b" }]);
    expect(placesWithin(roles, read, placeOf("c"))).toEqual([{ group: "c", registry: "app02" }]);
    expect(placesWithin(roles, read, placeOf("d"))).toEqual([]);
    expect(placesWithin([...roles, held("Reader")], read, placeOf())).toEqual([{}]);
  });
});
