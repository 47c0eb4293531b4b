import type { RegistryPolicies } from "../../../catalog/registry-documents.ts";
import { RegistryError } from "../../../domain/errors.ts";
import { malformed } from "../../json.ts";
import type { ManagementRequest } from "../exchange.ts";
import type { PolicyChange } from "./parse-policies.ts";

/**
 * Policies as a body asks for them, if they go together, and with this deployment.
 * @throws RegistryError of status 400 or 409
 */
export function applyPolicies(
  { ports, networks }: Pick<ManagementRequest, "ports" | "networks">,
  change: PolicyChange,
  before: RegistryPolicies,
): RegistryPolicies {
  const after = change(before, ports.clock.now());
  const isClosed = after.publicNetworkAccess === "Disabled";
  if (after.exportPolicy === "disabled" && !isClosed)
    throw malformed("exportPolicy can be disabled only while publicNetworkAccess is Disabled");
  if (isClosed && before.publicNetworkAccess !== "Disabled" && !networks.hasPrivateNetworks) {
    throw new RegistryError("DENIED", {
      status: 409,
      message:
        "publicNetworkAccess cannot be Disabled: this deployment has no private networks (PRIVATE_NETWORKS), so nobody could reach the registry",
    });
  }
  return after;
}
