import type { RegistryPolicies } from "../../../catalog/registry-documents.ts";
import { RegistryError } from "../../../domain/errors.ts";
import { newAdminUser } from "../../../identity/manage/users/enable-admin-user.ts";
import { createRegistry } from "../../../tenancy/create-registry.ts";
import type { NameHolder } from "../../../tenancy/name-holder.ts";
import type { Reply } from "../../exchange.ts";
import { jsonReply, malformed } from "../../json.ts";
import { keysOf } from "../access/keys-of.ts";
import type { ManagementRequest } from "../exchange.ts";
import { groupOf, isSame } from "../resource.ts";
import type { ArmResource } from "../route.ts";
import { applyPolicies } from "./apply-policies.ts";
import { describeRegistry } from "./describe-registry.ts";
import { parseWhole } from "./parse-registry.ts";
import { checkRegistryName, isKept } from "./registry-name.ts";

/**
 * Makes the registry that a body asks for: 201 with all of it.
 * @returns undefined when the group has one of that name by now
 */
export async function createRegistryAs(
  request: ManagementRequest,
  { group, registry: text }: ArmResource,
  asked: Readonly<Record<string, unknown>>,
): Promise<Reply | undefined> {
  const { ports, registries, hosts, method } = request;
  const checked = checkRegistryName(hosts, text);
  if ("refusal" in checked) throw malformed(checked.refusal);
  const { name } = checked;
  if (isKept(hosts, name, group)) throw inUse(describeUse(text));
  const { tier, tags, policies, adminUser } = parseWhole(asked, ports.region);
  // At once with the registry, so that nobody finds it without and switches off what is switched on then.
  const along = adminUser === true ? [await newAdminUser(ports, keysOf(request))] : [];
  const usual = await deploymentPolicies(request);
  const attributes = {
    group,
    tier,
    ...(tags === undefined ? {} : { tags }),
    policies: policies === undefined ? usual : applyPolicies(request, policies, usual),
  };
  const made = await createRegistry(ports, name, attributes, along);
  // That there was none may be remembered.
  registries.forget(name);
  if ("heldBy" in made) {
    const { heldBy } = made;
    if (heldBy.kind === "registry" && isSame(groupOf(hosts.scope, heldBy.registry), group)) return undefined;
    throw inUse(describeHolder(text, heldBy));
  }
  return jsonReply(method, await describeRegistry(request, made), 201);
}

/** What the operator's settings say of registries, which are those of the default one. */
async function deploymentPolicies({ registries, hosts }: ManagementRequest): Promise<RegistryPolicies> {
  const { sparseManifests = false, serveThroughBytesMax } =
    (await registries.find(hosts.defaultRegistry))?.policies ?? {};
  return { sparseManifests, ...(serveThroughBytesMax === undefined ? {} : { serveThroughBytesMax }) };
}

function inUse(message: string): RegistryError {
  return new RegistryError("DENIED", { status: 409, managementCode: "AlreadyInUse", message });
}

export function describeUse(name: string): string {
  return `The registry ${name} is already in use.`;
}

/** Why a name cannot be had, without saying whose it is. */
export function describeHolder(name: string, heldBy: NameHolder): string {
  if (heldBy.kind === "registry") return describeUse(name);
  const until = new Date(heldBy.until).toISOString();
  return `The registry name ${name} is reserved until ${until} for the resource group whose registry had it.`;
}
