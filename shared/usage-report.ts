import type { RepositoryFigures, RepositoryUsageDocument } from "./catalog/documents.ts";
import { findRegistry } from "./catalog/registries.ts";
import { listRepositoryUsage, readRegistryUsage } from "./catalog/usage.ts";
import { readConfig } from "./config.ts";
import { limits } from "./domain/limits.ts";
import { asRegistryName } from "./domain/name.ts";
import { openPorts } from "./open-ports.ts";

/** What a registry and its repositories have, as far as its events have been counted. */
export interface UsageReport {
  readonly registry: string;
  /** Each blob once, however many repositories have it, until its space is reclaimed. */
  readonly bytes: number;
  readonly blobs: number;
  /** In ISO 8601; absent when nothing has been counted yet. */
  readonly updatedAt?: string;
  readonly repositories: readonly (RepositoryFigures & { readonly repository: string })[];
}

/**
 * Reads the usage figures from the store that these variables name.
 * @param name of the registry; the default one when not told
 * @throws Error of one line when there is no such registry, or the store cannot be opened
 */
export async function readUsage(
  env: Readonly<Record<string, string | undefined>>,
  name: string | undefined,
): Promise<UsageReport> {
  const config = readConfig(env);
  const registryName = name === undefined ? config.hosts.defaultRegistry : asRegistryName(name);
  const { ports, close } = await openPorts(config.store, config.graces);
  try {
    const registry = registryName === undefined ? undefined : await findRegistry(ports, registryName);
    if (registry === undefined) throw new Error(`there is no registry ${name ?? registryName}`);
    const usage = await readRegistryUsage(ports, registry.rid);
    const repositories: RepositoryUsageDocument[] = [];
    for (let more = true; more; ) {
      const page = await listRepositoryUsage(ports, registry.rid, repositories.at(-1), limits.pageItemsMax);
      repositories.push(...page.usages);
      more = page.more;
    }
    return {
      registry: registry.name,
      bytes: usage?.bytes ?? 0,
      blobs: usage?.blobs ?? 0,
      ...(usage === undefined ? {} : { updatedAt: new Date(usage.updatedAt).toISOString() }),
      repositories: repositories.map(({ repository, figures }) => ({ repository, ...figures })),
    };
  } finally {
    await close();
  }
}
