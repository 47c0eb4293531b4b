import { beforeEach, describe, expect, test } from "vitest";
import { readAs } from "../../../../shared/catalog/commit.ts";
import { ids, partitions } from "../../../../shared/catalog/keys.ts";
import type {
  AdministratorDocument,
  AdminUserDocument,
  PasswordName,
} from "../../../../shared/identity/documents.ts";
import {
  ensureAdministrator,
  resetAdministrator,
} from "../../../../shared/identity/manage/users/administrator.ts";
import { disableAdminUser } from "../../../../shared/identity/manage/users/disable-admin-user.ts";
import { enableAdminUser } from "../../../../shared/identity/manage/users/enable-admin-user.ts";
import { regenerateAdminPassword } from "../../../../shared/identity/manage/users/regenerate-admin-password.ts";
import { isPassword } from "../../../../shared/identity/passwords.ts";
import { type ManagedRegistry, openManaged } from "./managed-registry.ts";

let at: ManagedRegistry;
beforeEach(async () => {
  at = await openManaged();
});

async function readAdminUser(): Promise<AdminUserDocument | undefined> {
  const partition = partitions.registry(at.rid);
  return (await readAs<AdminUserDocument>(at.ports.documents, partition, ids.adminUser, "admin-user"))
    ?.document;
}

async function readAdministrator(): Promise<AdministratorDocument | undefined> {
  const { documents } = at.ports;
  const id = ids.administrator;
  return (await readAs<AdministratorDocument>(documents, partitions.operations, id, "administrator"))
    ?.document;
}

async function isAdmin(slot: PasswordName, plain: string): Promise<boolean> {
  const stored = (await readAdminUser())?.passwords[slot];
  return stored !== undefined && (await isPassword(at.keys, stored, plain, at.clock.now()));
}

async function isAdministrator(plain: string | undefined): Promise<boolean> {
  const stored = (await readAdministrator())?.password;
  return stored !== undefined && (await isPassword(at.keys, stored, plain ?? "", at.clock.now()));
}

describe("the admin user", () => {
  test("has two passwords once enabled, of which one can be replaced", async () => {
    const made = await enableAdminUser(at.ports, at.keys, at.rid);
    expect(await isAdmin("password1", made.password1)).toBe(true);
    expect(await isAdmin("password2", made.password2)).toBe(true);
    const again = await regenerateAdminPassword(at.ports, at.keys, at.rid, "password2");
    expect(await isAdmin("password2", made.password2)).toBe(false);
    expect(await isAdmin("password2", again)).toBe(true);
    expect(await isAdmin("password1", made.password1)).toBe(true);
    expect(await at.revoked()).toEqual(["admin-user"]);
  });

  test("keeps his passwords when he is enabled again while he is", async () => {
    const made = await enableAdminUser(at.ports, at.keys, at.rid);
    await expect(enableAdminUser(at.ports, at.keys, at.rid)).rejects.toMatchObject({ status: 409 });
    expect(await isAdmin("password1", made.password1)).toBe(true);
  });

  test("is no more once disabled, and has other passwords when enabled again", async () => {
    await disableAdminUser(at.ports, at.rid);
    expect(await readAdminUser()).toBeUndefined();
    const made = await enableAdminUser(at.ports, at.keys, at.rid);
    await disableAdminUser(at.ports, at.rid);
    expect(await at.revoked()).toEqual(["admin-user"]);
    expect(await readAdminUser()).toMatchObject({ enabled: false });
    await expect(regenerateAdminPassword(at.ports, at.keys, at.rid, "password1")).rejects.toMatchObject({
      status: 409,
    });
    const again = await enableAdminUser(at.ports, at.keys, at.rid);
    expect(await isAdmin("password1", made.password1)).toBe(false);
    expect(await isAdmin("password1", again.password1)).toBe(true);
  });
});

describe("the administrator", () => {
  test("is made once, however many processes start at once", async () => {
    const starts = Array.from({ length: 5 }, async () => await ensureAdministrator(at.ports, at.keys));
    const made = (await Promise.all(starts)).filter((password) => password !== undefined);
    expect(made).toHaveLength(1);
    expect(await isAdministrator(made[0])).toBe(true);
    expect(await ensureAdministrator(at.ports, at.keys)).toBeUndefined();
  });

  test("is told his password when the reply to making him was lost", async () => {
    const password = await ensureAdministrator(at.bent("lost"), at.keys);
    expect(await isAdministrator(password)).toBe(true);
  });

  test("gets another password, also when the reply was lost", async () => {
    const made = await ensureAdministrator(at.ports, at.keys);
    const reset = await resetAdministrator(at.bent("lost"), at.keys);
    expect(await isAdministrator(made)).toBe(false);
    expect(await isAdministrator(reset)).toBe(true);
  });

  test("is made by a reset when there was none", async () => {
    expect(await isAdministrator(await resetAdministrator(at.ports, at.keys))).toBe(true);
  });
});
