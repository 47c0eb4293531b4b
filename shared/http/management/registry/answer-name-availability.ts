import { isResourceGroupName } from "../../../domain/name.ts";
import { readNameHolder } from "../../../tenancy/name-holder.ts";
import type { Reply } from "../../exchange.ts";
import { jsonReply, malformed, readJsonObject } from "../../json.ts";
import type { ManagementRequest } from "../exchange.ts";
import { isSame, loginServer } from "../resource.ts";
import { describeHolder, describeUse } from "./create-registry-as.ts";
import { checkRegistryName, isKept } from "./registry-name.ts";

/**
 * Whether a registry can be made of that name: where `resourceGroupName` is told, in that group.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/check-name-availability
 */
export async function answerNameAvailability(request: ManagementRequest): Promise<Reply> {
  const { ports, hosts, host, method } = request;
  const { name: text, type, resourceGroupName: group } = await readJsonObject(request.body);
  if (typeof text !== "string") throw malformed("name is a text");
  if (typeof type !== "string" || !isSame(type, "Microsoft.ContainerRegistry/registries"))
    throw malformed("type is Microsoft.ContainerRegistry/registries");
  if (group !== undefined && (typeof group !== "string" || !isResourceGroupName(group)))
    throw malformed("resourceGroupName is a resource group's");
  const checked = checkRegistryName(hosts, text);
  if ("refusal" in checked)
    return jsonReply(method, { nameAvailable: false, reason: "Invalid", message: checked.refusal });
  const { name } = checked;
  const heldBy = await readNameHolder(ports, name);
  const isFree = heldBy === undefined || (heldBy.kind === "group" && isSame(heldBy.group, group ?? ""));
  const kept = isKept(hosts, name, group ?? "");
  if (isFree && !kept)
    return jsonReply(method, {
      availableLoginServerName: loginServer(hosts, host, name),
      nameAvailable: true,
    });
  const message = heldBy === undefined || kept ? describeUse(text) : describeHolder(text, heldBy);
  return jsonReply(method, { nameAvailable: false, reason: "AlreadyExists", message });
}
