import { schema } from "../../../catalog/documents.ts";
import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { AdminUserDocument } from "../../documents.ts";
import type { KeyRing } from "../../key-ring.ts";
import { newPassword } from "../../passwords.ts";
import { changeAccess } from "../change-access.ts";
import { inTheWay } from "../refusals.ts";
import { renewPassword } from "../renew-password.ts";

/**
 * Switches the registry's admin user on, with two new passwords.
 * @returns the passwords, which nobody is told again
 * @throws RegistryError of status 409 when he is on already, and may be in use
 */
export async function enableAdminUser(
  ports: Ports,
  keys: KeyRing,
  rid: string,
): Promise<{ readonly password1: string; readonly password2: string }> {
  const plain = { password1: newPassword(), password2: newPassword() };
  await changeAccess(ports, rid, async ({ read, writer }) => {
    const before = await read<AdminUserDocument>(ids.adminUser, "admin-user");
    if (before?.document.writer === writer) return { operations: [], result: undefined };
    if (before?.document.enabled === true) {
      throw inTheWay("the admin user is enabled already; regenerate a password that is not known any more");
    }
    const passwords = before?.document.passwords;
    const document: AdminUserDocument = {
      id: ids.adminUser,
      kind: "admin-user",
      schema,
      writer,
      enabled: true,
      passwords: {
        password1: await renewPassword(ports, keys, plain.password1, passwords?.password1),
        password2: await renewPassword(ports, keys, plain.password2, passwords?.password2),
      },
    };
    const operation =
      before === undefined
        ? ({ op: "create", document } as const)
        : ({ op: "replace", document, etag: before.etag } as const);
    return { operations: [operation], result: undefined };
  });
  return plain;
}
