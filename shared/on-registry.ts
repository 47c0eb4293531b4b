import { findRegistry } from "./catalog/registries.ts";
import type { RegistryDocument } from "./catalog/registry-documents.ts";
import { type Config, readConfig } from "./config.ts";
import { asRegistryName } from "./domain/name.ts";
import { openPorts } from "./open-ports.ts";
import type { Ports } from "./ports/ports.ts";

/** A registry, and what the command that works on it has opened. */
export interface OnRegistry {
  readonly config: Config;
  readonly ports: Ports;
  readonly registry: RegistryDocument;
}

/**
 * Works on a registry of the store that these variables name, beside whatever process answers for it.
 * @param name of the registry; the default one when not told
 * @param whyNoDefault what is said more when it is the default one that is not there
 * @throws Error of one line when there is no such registry, or the store cannot be opened, and what `work` throws
 */
export async function onRegistry<T>(
  env: Readonly<Record<string, string | undefined>>,
  name: string | undefined,
  work: (on: OnRegistry) => Promise<T>,
  whyNoDefault = "",
): Promise<T> {
  const config = readConfig(env);
  const registryName = name === undefined ? config.hosts.defaultRegistry : asRegistryName(name.toLowerCase());
  const { ports, close } = await openPorts(config);
  try {
    const registry = registryName === undefined ? undefined : await findRegistry(ports, registryName);
    if (registry === undefined) {
      throw new Error(
        `there is no registry ${name ?? registryName}${name === undefined ? whyNoDefault : ""}`,
      );
    }
    return await work({ config, ports, registry });
  } finally {
    await close();
  }
}
