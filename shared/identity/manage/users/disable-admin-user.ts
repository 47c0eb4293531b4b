import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { AdminUserDocument } from "../../documents.ts";
import { revocationKeys } from "../../principal.ts";
import { changeAccess } from "../change-access.ts";

/** Switches the registry's admin user off, if he is on. Switched on again, he has other passwords. */
export async function disableAdminUser(ports: Ports, rid: string): Promise<void> {
  await changeAccess(ports, rid, async ({ read, writer }) => {
    const before = await read<AdminUserDocument>(ids.adminUser, "admin-user");
    if (before?.document.enabled !== true) return { operations: [], result: undefined };
    const document: AdminUserDocument = { ...before.document, enabled: false, writer };
    return {
      operations: [{ op: "replace", document, etag: before.etag }],
      revokes: [revocationKeys.adminUser],
      result: undefined,
    };
  });
}
