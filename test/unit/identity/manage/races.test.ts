import { beforeEach, describe, expect, test } from "vitest";
import { createScopeMap } from "../../../../shared/identity/manage/scope-maps/create-scope-map.ts";
import { deleteScopeMap } from "../../../../shared/identity/manage/scope-maps/delete-scope-map.ts";
import {
  listScopeMaps,
  showScopeMap,
} from "../../../../shared/identity/manage/scope-maps/list-scope-maps.ts";
import { updateScopeMap } from "../../../../shared/identity/manage/scope-maps/update-scope-map.ts";
import { createToken } from "../../../../shared/identity/manage/tokens/create-token.ts";
import { deleteToken } from "../../../../shared/identity/manage/tokens/delete-token.ts";
import { generateTokenPassword } from "../../../../shared/identity/manage/tokens/generate-token-password.ts";
import { listTokens, showToken } from "../../../../shared/identity/manage/tokens/list-tokens.ts";
import { removeTokenPassword } from "../../../../shared/identity/manage/tokens/remove-token-password.ts";
import { updateToken } from "../../../../shared/identity/manage/tokens/update-token.ts";
import { disableAdminUser } from "../../../../shared/identity/manage/users/disable-admin-user.ts";
import { enableAdminUser } from "../../../../shared/identity/manage/users/enable-admin-user.ts";
import { isPassword } from "../../../../shared/identity/passwords.ts";
import type { CommitFate } from "../../../../shared/memory/bend.ts";
import type { Ports } from "../../../../shared/ports/ports.ts";
import { deleteRegistry } from "../../../../shared/tenancy/delete-registry.ts";
import { type ManagedRegistry, openManaged } from "./managed-registry.ts";

const read = "repositories/app/content/read";
const actionOf = (n: number) => `repositories/app${n}/content/read`;
const token = { name: "builder", scopeMap: "app-pull", passwords: ["password1"] } as const;

let at: ManagedRegistry;
beforeEach(async () => {
  at = await openManaged();
  await createScopeMap(at.ports, at.rid, { name: "app-pull", actions: [read] });
});

const create = async (ports: Ports, name: string = token.name) =>
  await createToken(ports, at.keys, at.rid, { ...token, name });

describe("managers at once", () => {
  test("do not undo each other's changes of a scope map", async () => {
    await updateScopeMap(at.ports, at.rid, "app-pull", { add: [actionOf(0)] });
    const adds = Array.from(
      { length: 9 },
      async (_, n) => await updateScopeMap(at.ports, at.rid, "app-pull", { add: [actionOf(n + 1)] }),
    );
    await Promise.all([...adds, updateScopeMap(at.ports, at.rid, "app-pull", { remove: [read] })]);
    const { actions } = await showScopeMap(at.ports, at.rid, "app-pull");
    expect([...actions].sort()).toEqual(Array.from({ length: 10 }, (_, n) => actionOf(n)));
    expect((await at.auth())?.epoch).toBe(11);
  });

  test("do not undo each other's changes of a token", async () => {
    await create(at.ports);
    const [, made] = await Promise.all([
      updateToken(at.ports, at.rid, token.name, { status: "disabled" }),
      generateTokenPassword(at.ports, at.keys, at.rid, token.name, "password2"),
      updateToken(at.ports, at.rid, token.name, { scopeMap: "_repositories_push" }),
      removeTokenPassword(at.ports, at.rid, token.name, "password1"),
    ]);
    const left = await showToken(at.ports, at.rid, token.name);
    expect(left).toMatchObject({ status: "disabled", scopeMap: "_repositories_push" });
    expect(Object.keys(left.passwords)).toEqual(["password2"]);
    const stored = left.passwords.password2;
    expect(stored !== undefined && (await isPassword(at.keys, stored, made.password, at.clock.now()))).toBe(
      true,
    );
  });

  test("make one token of a name", async () => {
    const made = await Promise.allSettled(Array.from({ length: 5 }, async () => await create(at.ports)));
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect((await listTokens(at.ports, at.rid, undefined, 10)).tokens).toHaveLength(1);
  });

  test("never leave a token whose scope map is gone", async () => {
    for (let round = 0; round < 20; round++) {
      const name = `builder-${round}`;
      const [made, deleted] = await Promise.allSettled(
        round % 2 === 0
          ? [create(at.ports, name), deleteScopeMap(at.ports, at.rid, "app-pull")]
          : [deleteScopeMap(at.ports, at.rid, "app-pull"), create(at.ports, name)],
      );
      const outcomes = [made.status, deleted.status].sort();
      expect(outcomes).toEqual(["fulfilled", "rejected"]);
      const { scopeMaps } = await listScopeMaps(at.ports, at.rid, undefined, 10);
      const { tokens } = await listTokens(at.ports, at.rid, undefined, 10);
      expect(scopeMaps.some((map) => map.name === "app-pull")).toBe(tokens.length > 0);
      if (tokens.length > 0) await deleteToken(at.ports, at.rid, name);
      else await createScopeMap(at.ports, at.rid, { name: "app-pull", actions: [read] });
    }
  });
});

describe.each<CommitFate>(["lost", "refused", "late", "twice"])("when a commit is %s", (fate) => {
  test("a token is made once, with the password that is told", async () => {
    const made = await create(at.bent(fate));
    at.catchUp();
    expect(await showToken(at.ports, at.rid, token.name)).toEqual(made.token);
    const stored = made.token.passwords.password1;
    const plain = made.passwords.password1 ?? "";
    expect(stored !== undefined && (await isPassword(at.keys, stored, plain, at.clock.now()))).toBe(true);
  });

  test("a token that was deleted meanwhile does not come back", async () => {
    await create(at.bent(fate));
    await deleteToken(at.ports, at.rid, token.name);
    at.catchUp();
    expect((await listTokens(at.ports, at.rid, undefined, 10)).tokens).toEqual([]);
  });

  test("a deletion is done once, and spares what was made after it", async () => {
    await create(at.ports);
    await deleteToken(at.bent(fate), at.rid, token.name);
    await create(at.ports);
    at.catchUp();
    expect((await listTokens(at.ports, at.rid, undefined, 10)).tokens).toHaveLength(1);
  });

  test("a password that is told is the one that works", async () => {
    await create(at.ports);
    const made = await generateTokenPassword(at.bent(fate), at.keys, at.rid, token.name, "password1");
    at.catchUp();
    const stored = (await showToken(at.ports, at.rid, token.name)).passwords.password1;
    expect(stored !== undefined && (await isPassword(at.keys, stored, made.password, at.clock.now()))).toBe(
      true,
    );
  });

  test("what was taken away is revoked, and stays away", async () => {
    await create(at.ports);
    await updateToken(at.bent(fate), at.rid, token.name, { status: "disabled" });
    expect(await at.revoked()).toEqual(["token:builder"]);
    await enableAdminUser(at.bent(fate), at.keys, at.rid);
    await disableAdminUser(at.bent(fate), at.rid);
    at.catchUp();
    expect(await at.revoked()).toEqual(["token:builder", "admin-user"]);
    expect((await showToken(at.ports, at.rid, token.name)).status).toBe("disabled");
  });

  test("a scope map is made and deleted once", async () => {
    await createScopeMap(at.bent(fate), at.rid, { name: "other", actions: [read] });
    await deleteScopeMap(at.bent(fate), at.rid, "other");
    at.catchUp();
    await expect(showScopeMap(at.ports, at.rid, "other")).rejects.toMatchObject({ status: 404 });
  });
});

test("a deletion whose reply was lost spares a token that somebody makes before it is tried again", async () => {
  await create(at.ports);
  at.clock.advance(1);
  const bent = at.bent("lost");
  let made = false;
  const documents: Ports["documents"] = {
    ...bent.documents,
    commit: async (...asked) => {
      const outcome = await bent.documents.commit(...asked);
      if (!made) await create(at.ports);
      made = true;
      return outcome;
    },
  };
  await deleteToken({ ...bent, documents }, at.rid, token.name);
  expect((await showToken(at.ports, at.rid, token.name)).createdAt).toBe(at.clock.now());
});

test("nothing is given away in a registry that is deleted", async () => {
  await deleteRegistry(at.ports, at.rid);
  await expect(create(at.ports)).rejects.toMatchObject({ code: "NAME_UNKNOWN" });
  await expect(enableAdminUser(at.ports, at.keys, at.rid)).rejects.toMatchObject({ code: "NAME_UNKNOWN" });
});
