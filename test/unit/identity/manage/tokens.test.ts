import { beforeEach, describe, expect, test } from "vitest";
import type { PasswordName, TokenDocument } from "../../../../shared/identity/documents.ts";
import { createScopeMap } from "../../../../shared/identity/manage/scope-maps/create-scope-map.ts";
import { createToken } from "../../../../shared/identity/manage/tokens/create-token.ts";
import { deleteToken } from "../../../../shared/identity/manage/tokens/delete-token.ts";
import { generateTokenPassword } from "../../../../shared/identity/manage/tokens/generate-token-password.ts";
import { listTokens, showToken } from "../../../../shared/identity/manage/tokens/list-tokens.ts";
import { removeTokenPassword } from "../../../../shared/identity/manage/tokens/remove-token-password.ts";
import { updateToken } from "../../../../shared/identity/manage/tokens/update-token.ts";
import { isPassword } from "../../../../shared/identity/passwords.ts";
import { type ManagedRegistry, openManaged } from "./managed-registry.ts";

const pull = "_repositories_pull";
const push = "_repositories_push";
const both: readonly PasswordName[] = ["password1", "password2"];

let at: ManagedRegistry;
beforeEach(async () => {
  at = await openManaged();
});

const create = async (name: string, scopeMap = pull, passwords: readonly PasswordName[] = []) =>
  await createToken(at.ports, at.keys, at.rid, { name, scopeMap, passwords });
const show = async (name: string) => await showToken(at.ports, at.rid, name);

async function works(token: TokenDocument, slot: PasswordName, plain: string | undefined): Promise<boolean> {
  const stored = token.passwords[slot];
  return stored !== undefined && (await isPassword(at.keys, stored, plain ?? "", at.clock.now()));
}

describe("a token", () => {
  test("is made without passwords, or with those that are asked for", async () => {
    expect(await create("reader")).toMatchObject({
      token: { name: "reader", scopeMap: pull, status: "enabled", passwords: {} },
      passwords: {},
    });
    const { token, passwords } = await create("builder", push, both);
    expect(await works(token, "password1", passwords.password1)).toBe(true);
    expect(await works(token, "password2", passwords.password2)).toBe(true);
    expect(await works(token, "password2", passwords.password1)).toBe(false);
    expect(await show("builder")).toEqual(token);
    expect(JSON.stringify(await show("builder"))).not.toContain(passwords.password1);
  });

  test("has a name that no other has in whatever case, and that means nobody else", async () => {
    await create("Builder");
    await expect(create("bUILDER")).rejects.toMatchObject({
      status: 409,
      message: "there is a token Builder already",
    });
    expect((await show("BUILDER")).name).toBe("Builder");
    for (const name of ["contoso", "Contoso", "administrator", "00000000-0000-0000-0000-000000000000"]) {
      await expect(create(name), name).rejects.toMatchObject({ status: 400, message: /another user/ });
    }
    for (const name of [
      "four",
      "a".repeat(51),
      "with space",
      "_under",
      "-dash1",
      "dotted.name",
      "ünïcode",
      "",
    ]) {
      await expect(create(name), name).rejects.toMatchObject({ status: 400, message: /5 to 50 letters/ });
    }
    for (const name of ["fives", "a".repeat(50), "Ci_build-1"]) await create(name);
  });

  test("has a scope map that exists", async () => {
    await expect(create("builder", "nothing")).rejects.toMatchObject({
      status: 400,
      message: 'there is no scope map "nothing"',
    });
    await createScopeMap(at.ports, at.rid, { name: "App-Push", actions: ["repositories/app/content/read"] });
    expect((await create("builder", "app-push")).token.scopeMap).toBe("App-Push");
    expect((await create("reader", "_REPOSITORIES_PULL")).token.scopeMap).toBe(pull);
    await expect(updateToken(at.ports, at.rid, "builder", { scopeMap: "gone" })).rejects.toMatchObject({
      status: 400,
    });
  });

  test("has passwords that expire when they are told to, and not in the past", async () => {
    const expiresAt = at.clock.now() + 1_000;
    const asked = { name: "builder", scopeMap: pull, passwords: both, expiresAt };
    const { token, passwords } = await createToken(at.ports, at.keys, at.rid, asked);
    expect(await works(token, "password1", passwords.password1)).toBe(true);
    at.clock.advance(1_000);
    expect(await works(token, "password1", passwords.password1)).toBe(false);
    await expect(createToken(at.ports, at.keys, at.rid, { ...asked, name: "other" })).rejects.toMatchObject({
      status: 400,
      message: "a password cannot expire in the past, at 2026-01-01T00:00:01.000Z",
    });
  });
});

describe("what a token could do is revoked in the commit that", () => {
  test("disables it or changes its scope map, and not by what changes nothing", async () => {
    await create("Builder");
    await updateToken(at.ports, at.rid, "builder", { status: "enabled", scopeMap: pull });
    expect(await at.auth()).toBeUndefined();
    expect(await updateToken(at.ports, at.rid, "builder", { scopeMap: push })).toMatchObject({
      scopeMap: push,
    });
    expect(await at.auth()).toMatchObject({ epoch: 1, revoked: [{ key: "token:builder", epoch: 1 }] });
    await updateToken(at.ports, at.rid, "builder", { status: "disabled" });
    expect(await at.auth()).toMatchObject({ epoch: 2, revoked: [{ key: "token:builder", epoch: 2 }] });
    expect(await show("builder")).toMatchObject({ status: "disabled", scopeMap: push });
  });

  test("replaces or removes a password, or deletes it", async () => {
    const { passwords } = await create("builder", pull, both);
    const made = await generateTokenPassword(at.ports, at.keys, at.rid, "builder", "password1");
    expect(await works(made.token, "password1", passwords.password1)).toBe(false);
    expect(await works(made.token, "password1", made.password)).toBe(true);
    expect(await works(made.token, "password2", passwords.password2)).toBe(true);
    expect((await at.auth())?.epoch).toBe(1);
    const left = await removeTokenPassword(at.ports, at.rid, "builder", "password2");
    expect(Object.keys(left.passwords)).toEqual(["password1"]);
    expect((await at.auth())?.epoch).toBe(2);
    // Nothing that was granted depends on what was not there.
    await removeTokenPassword(at.ports, at.rid, "builder", "password2");
    await generateTokenPassword(at.ports, at.keys, at.rid, "builder", "password2");
    expect((await at.auth())?.epoch).toBe(2);
    await deleteToken(at.ports, at.rid, "builder");
    expect(await at.auth()).toMatchObject({ epoch: 3, revoked: [{ key: "token:builder", epoch: 3 }] });
  });
});

test("sessions tell a password from the one before, even when the clock stands still", async () => {
  const { token } = await create("builder", pull, both);
  const made = await generateTokenPassword(at.ports, at.keys, at.rid, "builder", "password1");
  expect(made.token.passwords.password1?.createdAt).toBe((token.passwords.password1?.createdAt ?? 0) + 1);
});

test("tokens are listed by pages in the order of their names", async () => {
  for (const name of ["delta", "Alpha", "charlie", "Bravo"]) await create(name);
  const first = await listTokens(at.ports, at.rid, undefined, 3);
  expect(first.tokens.map(({ name }) => name)).toEqual(["Alpha", "Bravo", "charlie"]);
  expect(first.more).toBe(true);
  const second = await listTokens(at.ports, at.rid, "Charlie", 3);
  expect(second).toMatchObject({ tokens: [{ name: "delta" }], more: false });
});

test("what is asked of a token that is not there says so", async () => {
  const unknown = { code: "NAME_UNKNOWN", status: 404, message: "there is no token nobody" };
  await expect(show("nobody")).rejects.toMatchObject(unknown);
  await expect(deleteToken(at.ports, at.rid, "nobody")).rejects.toMatchObject(unknown);
  await expect(updateToken(at.ports, at.rid, "nobody", {})).rejects.toMatchObject(unknown);
  await expect(removeTokenPassword(at.ports, at.rid, "nobody", "password1")).rejects.toMatchObject(unknown);
  await expect(generateTokenPassword(at.ports, at.keys, at.rid, "nobody", "password1")).rejects.toMatchObject(
    unknown,
  );
});
