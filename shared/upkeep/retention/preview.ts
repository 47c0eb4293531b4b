import { listRepositories } from "../../catalog/catalog-entries.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { findRepository } from "../../catalog/repositories.ts";
import { decideLifecycle, type Victim } from "../../domain/lifecycle/decide.ts";
import type { LifecyclePolicy } from "../../domain/lifecycle.ts";
import { limits } from "../../domain/limits.ts";
import type { RepositoryName } from "../../domain/name.ts";
import type { Ports } from "../../ports/ports.ts";
import { loadSnapshot } from "./load-snapshot.ts";

/** Behind all repositories before this one, and behind so many of its victims, or all of them when that is absent. */
export interface PreviewPosition {
  readonly repository: RepositoryName;
  readonly victims?: number;
}

export interface PreviewPage {
  readonly victims: readonly { readonly repository: RepositoryName; readonly victim: Victim }[];
  /** Repositories that have too much in them for rules to be applied. */
  readonly tooLarge: readonly RepositoryName[];
  /** Where the next page begins; absent behind the last. */
  readonly next?: PreviewPosition;
}

export interface PreviewOptions {
  /** Only this one; otherwise all. */
  readonly repository?: RepositoryName | undefined;
  readonly from?: PreviewPosition | undefined;
  /** Victims of a page. */
  readonly limit: number;
}

/** What a policy would delete now, of one repository or of all, with the rule that chose it and why. Deletes nothing. */
export async function previewRetention(
  ports: Ports,
  registry: RegistryDocument,
  policy: LifecyclePolicy,
  { repository: only, from, limit }: PreviewOptions,
): Promise<PreviewPage> {
  const listed = await listNames(ports, registry, only, from);
  const victims: PreviewPage["victims"][number][] = [];
  const tooLarge: RepositoryName[] = [];
  for (const repository of listed.names) {
    const skip = repository === from?.repository ? (from.victims ?? 0) : 0;
    if (victims.length >= limit) return { victims, tooLarge, next: { repository, victims: skip } };
    const found = await decide(ports, registry, policy, repository);
    if (found === undefined) tooLarge.push(repository);
    const room = limit - victims.length;
    for (const victim of (found ?? []).slice(skip, skip + room)) victims.push({ repository, victim });
    if ((found?.length ?? 0) > skip + room) {
      return { victims, tooLarge, next: { repository, victims: skip + room } };
    }
  }
  const last = listed.names.at(-1);
  if (!listed.more || last === undefined) return { victims, tooLarge };
  return { victims, tooLarge, next: { repository: last } };
}

/** The repository of the position first, since it may not be done. */
async function listNames(
  ports: Ports,
  registry: RegistryDocument,
  only: RepositoryName | undefined,
  from: PreviewPosition | undefined,
): Promise<{ names: RepositoryName[]; more: boolean }> {
  if (only !== undefined) return { names: [only], more: false };
  const max = limits.previewRepositoriesMax;
  const listed = await listRepositories(ports, registry, from?.repository, max, { which: "all" });
  const begun = from?.victims === undefined ? [] : [from.repository];
  return { names: [...begun, ...listed.names], more: listed.more };
}

async function decide(
  ports: Ports,
  registry: RegistryDocument,
  policy: LifecyclePolicy,
  name: RepositoryName,
): Promise<Victim[] | undefined> {
  const repository = await findRepository(ports, registry, name);
  if (repository === undefined) return [];
  const seen = await loadSnapshot(ports, repository, true);
  return seen && decideLifecycle(policy, seen.snapshot, ports.clock.now());
}
