import { asRegistryName, type RegistryName } from "../../../domain/name.ts";
import { administratorName } from "../../../identity/log-in.ts";
import type { Hosts } from "../../address.ts";
import { isSame } from "../resource.ts";

/** Whether the name is the default registry's, which plain hosts mean: even when there is none, only the deployment's group can make it. */
export function isKept({ defaultRegistry, scope }: Hosts, name: RegistryName, group: string): boolean {
  return name === defaultRegistry && !isSame(group, scope.resourceGroup);
}

/**
 * The name of a registry that is to be made, in whichever case it is written, or why none can be called that.
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-get-started-portal
 */
export function checkRegistryName(
  hosts: Hosts,
  text: string,
): { readonly name: RegistryName } | { readonly refusal: string } {
  const name = asRegistryName(text.toLowerCase());
  if (name === undefined) return { refusal: "A registry's name is 5 to 50 ASCII letters and digits." };
  const host = `${name}.${hosts.domain}`;
  // The admin user of a registry has its name, and its clients find it by its host.
  if (name === administratorName || hosts.plain.includes(host) || hosts.shared.includes(host))
    return { refusal: `The name ${name} means something else in this deployment.` };
  return { name };
}
