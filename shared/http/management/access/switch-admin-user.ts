import type { RegistryDocument } from "../../../catalog/registry-documents.ts";
import { readAdminUser } from "../../../identity/entitlement.ts";
import { disableAdminUser } from "../../../identity/manage/users/disable-admin-user.ts";
import { ensureAdminUser } from "../../../identity/manage/users/enable-admin-user.ts";
import type { ManagementRequest } from "../exchange.ts";
import { orAbsent } from "./absence.ts";
import { keysOf } from "./keys-of.ts";

/**
 * Switches the registry's admin user on or off, unless he is that already. Switched on he has two passwords that nobody is told:
 * `regenerateCredential` makes one that is.
 * @returns false when there is no such registry any more
 * @throws RegistryError of status 409 where nobody has to say who he is
 */
export async function switchAdminUser(
  request: ManagementRequest,
  { rid }: RegistryDocument,
  enabled: boolean,
): Promise<boolean> {
  const { ports } = request;
  if ((await isAdminUserEnabled(request, { rid })) === enabled) return true;
  const change = async () => {
    if (enabled) await ensureAdminUser(ports, keysOf(request), rid);
    else await disableAdminUser(ports, rid);
    return true;
  };
  return (await orAbsent(change())) ?? false;
}

/** One read. */
export async function isAdminUserEnabled(
  { ports }: Pick<ManagementRequest, "ports">,
  { rid }: Pick<RegistryDocument, "rid">,
): Promise<boolean> {
  return (await readAdminUser(ports, rid))?.enabled === true;
}
