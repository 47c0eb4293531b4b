import { RegistryError } from "../../../domain/errors.ts";
import type { KeyRing } from "../../../identity/key-ring.ts";
import type { ManagementRequest } from "../exchange.ts";

/** What passwords are kept under. @throws RegistryError of status 409 where nobody has to say who he is */
export function keysOf({ identity }: Pick<ManagementRequest, "identity">): KeyRing {
  if (identity !== undefined) return identity.keys;
  throw new RegistryError("DENIED", {
    status: 409,
    managementCode: "Conflict",
    message: "there are no passwords where AUTH is off",
  });
}
