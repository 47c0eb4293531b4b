import { beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import { createScopeMap } from "../../../../shared/identity/manage/scope-maps/create-scope-map.ts";
import { deleteScopeMap } from "../../../../shared/identity/manage/scope-maps/delete-scope-map.ts";
import {
  listScopeMaps,
  showScopeMap,
} from "../../../../shared/identity/manage/scope-maps/list-scope-maps.ts";
import {
  type ScopeMapUpdate,
  updateScopeMap,
} from "../../../../shared/identity/manage/scope-maps/update-scope-map.ts";
import { createToken } from "../../../../shared/identity/manage/tokens/create-token.ts";
import { deleteToken } from "../../../../shared/identity/manage/tokens/delete-token.ts";
import { createTrustRule } from "../../../../shared/identity/manage/trust-rules/create-trust-rule.ts";
import { type ManagedRegistry, openManaged } from "./managed-registry.ts";

const read = "repositories/app/content/read";
const write = "repositories/app/content/write";
const team = "repositories/team/*/metadata/read";

let at: ManagedRegistry;
beforeEach(async () => {
  at = await openManaged();
});

const create = async (name: string, actions: readonly string[], description?: string) =>
  await createScopeMap(at.ports, at.rid, {
    name,
    actions,
    ...(description === undefined ? {} : { description }),
  });
const update = async (name: string, changes: ScopeMapUpdate) =>
  await updateScopeMap(at.ports, at.rid, name, changes);
const remove = async (name: string) => await deleteScopeMap(at.ports, at.rid, name);
const show = async (name: string) => await showScopeMap(at.ports, at.rid, name);

describe("a scope map", () => {
  test("has each action once, and a name of its own", async () => {
    await create("App-Push", [read, write, read], "for the app");
    expect(await show("app-push")).toEqual({
      name: "App-Push",
      description: "for the app",
      actions: [read, write],
      system: false,
      createdAt: at.clock.now(),
      updatedAt: at.clock.now(),
    });
    await expect(create("app-push", [read])).rejects.toMatchObject({ status: 409 });
    await expect(create("_mine", [read])).rejects.toMatchObject({ status: 400 });
    await expect(create("app-pull", [read], "two\nlines")).rejects.toMatchObject({ status: 400 });
    await expect(create("app-pull", [read], "x".repeat(257))).rejects.toMatchObject({ status: 400 });
  });

  test("is refused when it has an action that means nothing, which is named", async () => {
    for (const action of ["repositories/app/content/reed", "repositories/*/app/content/read", "app", ""]) {
      await expect(create("app-push", [read, action])).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining(`${JSON.stringify(action)} is no action`) as string,
      });
    }
    await expect(create("app-push", [])).rejects.toMatchObject({
      message: "a scope map has at least one action",
    });
  });

  test("has no more actions than it may", async () => {
    const many = Array.from(
      { length: limits.scopeMapActionsMax },
      (_, n) => `repositories/r${n}/content/read`,
    );
    await create("large", many);
    await expect(update("large", { add: [read] })).rejects.toMatchObject({
      status: 403,
      message: /allows 500 actions of one scope map; no tier allows more/,
    });
    await expect(create("larger", [...many, read])).rejects.toMatchObject({ status: 403 });
  });

  test("is changed as a whole or bit by bit, and what that changes is revoked", async () => {
    await create("App-Push", [read]);
    at.clock.advance(5);
    expect(await update("app-push", { description: "new" })).toMatchObject({ actions: [read] });
    expect(await at.auth()).toBeUndefined();
    expect(await update("app-push", { add: [write, team] })).toMatchObject({
      description: "new",
      actions: [read, write, team],
      updatedAt: at.clock.now(),
    });
    expect(await at.revoked()).toEqual(["scope-map:app-push"]);
    expect(await update("app-push", { remove: [team] })).toMatchObject({ actions: [read, write] });
    expect(await update("app-push", { actions: [write, read] })).toMatchObject({ actions: [read, write] });
    expect((await at.auth())?.epoch).toBe(2);
    expect(await update("app-push", { actions: [team] })).toMatchObject({ actions: [team] });
    await expect(update("app-push", { remove: [team] })).rejects.toMatchObject({ status: 400 });
    await expect(update("app-push", { remove: ["team"] })).rejects.toMatchObject({ status: 400 });
    await expect(update("nothing", { add: [team] })).rejects.toMatchObject({ status: 404 });
  });

  test("of the system is neither changed nor deleted", async () => {
    const system = { status: 400, message: /system scope map/ };
    await expect(update("_repositories_pull", { add: [write] })).rejects.toMatchObject(system);
    await expect(remove("_REPOSITORIES_PULL")).rejects.toMatchObject(system);
    expect(await show("_repositories_pull")).toMatchObject({
      system: true,
      actions: ["repositories/*/content/read"],
    });
  });

  test("is deleted when nobody uses it, and whoever does is named", async () => {
    await create("App-Push", [read]);
    await createToken(at.ports, at.keys, at.rid, { name: "builder", scopeMap: "app-push" });
    await createTrustRule(at.ports, at.rid, {
      name: "github",
      issuer: "https://idp.example",
      audience: "contoso.localhost",
      conditions: [{ claim: "sub", values: ["me"] }],
      scopeMap: "app-push",
    });
    await expect(remove("app-push")).rejects.toMatchObject({
      status: 409,
      message: "the scope map App-Push is in use by token builder, trust rule github",
    });
    await create("unused", [read]);
    await remove("unused");
    await expect(show("unused")).rejects.toMatchObject({
      status: 404,
      message: "there is no scope map unused",
    });
    await expect(remove("unused")).rejects.toMatchObject({ status: 404 });
    await deleteToken(at.ports, at.rid, "builder");
    await expect(remove("app-push")).rejects.toMatchObject({ message: /in use by trust rule github$/ });
  });
});

test("scope maps are listed by pages with those of the system, in the order of their names", async () => {
  for (const name of ["zebra", "0-first", "Alpha"]) await create(name, [read]);
  const seen: string[] = [];
  for (let more = true, after: string | undefined; more; ) {
    const page = await listScopeMaps(at.ports, at.rid, after, 2);
    expect(page.scopeMaps.length).toBeLessThanOrEqual(2);
    seen.push(...page.scopeMaps.map(({ name }) => name));
    after = page.scopeMaps.at(-1)?.name;
    more = page.more;
  }
  expect(seen).toEqual([
    "0-first",
    "_repositories_admin",
    "_repositories_pull",
    "_repositories_pull_metadata_read",
    "_repositories_push",
    "_repositories_push_metadata_write",
    "Alpha",
    "zebra",
  ]);
});
