import { untilSettled } from "../../../catalog/commit.ts";
import { findRegistry } from "../../../catalog/registries.ts";
import { asRegistryName } from "../../../domain/name.ts";
import type { Reply } from "../../exchange.ts";
import { readJsonObject } from "../../json.ts";
import type { ManagementRequest } from "../exchange.ts";
import { groupOf, isSame } from "../resource.ts";
import type { ArmResource } from "../route.ts";
import { replaceRegistryAs } from "./answer-registry.ts";
import { createRegistryAs } from "./create-registry-as.ts";

/**
 * PUT of a registry, which is made or changed, whichever it needs: when another manager makes or deletes it meanwhile, that is looked at
 * anew.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/create
 */
export async function putRegistry(request: ManagementRequest, resource: ArmResource): Promise<Reply> {
  const { ports, hosts } = request;
  const asked = await readJsonObject(request.body);
  const name = asRegistryName(resource.registry.toLowerCase());
  return await untilSettled(async () => {
    const registry = name === undefined ? undefined : await findRegistry(ports, name);
    return registry !== undefined && isSame(groupOf(hosts.scope, registry), resource.group)
      ? await replaceRegistryAs({ ...request, registry }, asked)
      : await createRegistryAs(request, resource, asked);
  });
}
