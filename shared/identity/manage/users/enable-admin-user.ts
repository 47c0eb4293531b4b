import { schema } from "../../../catalog/documents.ts";
import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { AdminUserDocument, PasswordName } from "../../documents.ts";
import type { KeyRing } from "../../key-ring.ts";
import { newPassword } from "../../passwords.ts";
import { changeAccess } from "../change-access.ts";
import { inTheWay } from "../refusals.ts";
import { renewPassword } from "../renew-password.ts";

/** His passwords before anything is kept of them. */
type Plain = Readonly<Record<PasswordName, string>>;

/**
 * Switches the registry's admin user on, with two new passwords.
 * @returns the passwords, which nobody is told again
 * @throws RegistryError of status 409 when he is on already, and may be in use
 */
export async function enableAdminUser(ports: Ports, keys: KeyRing, rid: string): Promise<Plain> {
  const plain = newPasswords();
  if (await switchOn(ports, keys, rid, plain)) return plain;
  throw inTheWay("the admin user is enabled already; regenerate a password that is not known any more");
}

/** Switches him on, with two new passwords that nobody is told, unless he is on already. @throws RegistryError */
export async function ensureAdminUser(ports: Ports, keys: KeyRing, rid: string): Promise<void> {
  await switchOn(ports, keys, rid, newPasswords());
}

/** An admin user who is on, with two passwords that nobody is told, to be made together with his registry. */
export async function newAdminUser(ports: Ports, keys: KeyRing): Promise<AdminUserDocument> {
  return await documentOf(ports, keys, newPasswords(), ports.ids.nonce());
}

function newPasswords(): Plain {
  return { password1: newPassword(), password2: newPassword() };
}

/** @returns false when he is on already */
async function switchOn(ports: Ports, keys: KeyRing, rid: string, plain: Plain): Promise<boolean> {
  return await changeAccess(ports, rid, async ({ read, writer }) => {
    const before = await read<AdminUserDocument>(ids.adminUser, "admin-user");
    if (before?.document.writer === writer) return { operations: [], result: true };
    if (before?.document.enabled === true) return { operations: [], result: false };
    const document = await documentOf(ports, keys, plain, writer, before?.document);
    const operation =
      before === undefined
        ? ({ op: "create", document } as const)
        : ({ op: "replace", document, etag: before.etag } as const);
    return { operations: [operation], result: true };
  });
}

async function documentOf(
  ports: Ports,
  keys: KeyRing,
  plain: Plain,
  writer: string,
  before?: AdminUserDocument,
): Promise<AdminUserDocument> {
  const renewed = async (name: PasswordName) =>
    await renewPassword(ports, keys, plain[name], before?.passwords[name]);
  return {
    id: ids.adminUser,
    kind: "admin-user",
    schema,
    writer,
    enabled: true,
    passwords: { password1: await renewed("password1"), password2: await renewed("password2") },
  };
}
