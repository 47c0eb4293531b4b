import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { AdminUserDocument, PasswordName } from "../../documents.ts";
import type { KeyRing } from "../../key-ring.ts";
import { newPassword } from "../../passwords.ts";
import { revocationKeys } from "../../principal.ts";
import { changeAccess } from "../change-access.ts";
import { inTheWay } from "../refusals.ts";
import { renewPassword } from "../renew-password.ts";

/**
 * Makes one of the admin user's passwords anew; the one that it was is worthless, the other stays.
 * @returns the password, which nobody is told again
 * @throws RegistryError of status 409 when he is off
 */
export async function regenerateAdminPassword(
  ports: Ports,
  keys: KeyRing,
  rid: string,
  slot: PasswordName,
): Promise<string> {
  const plain = newPassword();
  await changeAccess(ports, rid, async ({ read, writer }) => {
    const before = await read<AdminUserDocument>(ids.adminUser, "admin-user");
    if (before?.document.enabled !== true) throw inTheWay("the admin user is disabled; enable it first");
    const { passwords } = before.document;
    const made = await renewPassword(ports, keys, plain, passwords[slot]);
    const document: AdminUserDocument = {
      ...before.document,
      passwords: { ...passwords, [slot]: made },
      writer,
    };
    return {
      operations: [{ op: "replace", document, etag: before.etag }],
      revokes: [revocationKeys.adminUser],
      result: undefined,
    };
  });
  return plain;
}
