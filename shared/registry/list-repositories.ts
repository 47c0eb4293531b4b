import { listRepositories, readEntry } from "../catalog/catalog-entries.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { everyRepository, type NamePattern, type RepositoryGrant } from "../domain/access/actions.ts";
import { visiblePatterns } from "../domain/access/visible.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/** Names that are looked up at once. */
const readsAtOnce = 32;

export interface NamesPage {
  readonly names: readonly RepositoryName[];
  readonly more: boolean;
}

/**
 * A page of the repositories that these grants let be seen, in the order of their names. Whoever sees all costs one range read; else
 * names are looked up, and prefixes are ranges: what he may not see is never read.
 * @param last the last name of the page before
 */
export async function listVisibleRepositories(
  ports: Ports,
  registry: RegistryDocument,
  grants: readonly RepositoryGrant[],
  last: string | undefined,
  limit: number,
): Promise<NamesPage> {
  if (limit === 0) return { names: [], more: false };
  const patterns = visiblePatterns(grants);
  if (patterns[0] === everyRepository) return await listRepositories(ports, registry, last, limit);
  const names: RepositoryName[] = [];
  for (let index = 0; index < patterns.length && names.length <= limit; ) {
    const pattern = patterns[index] as NamePattern;
    if (pattern.endsWith("/*")) {
      const prefix = pattern.slice(0, -1);
      // When the page is full already, one more name tells that there are more.
      const room = Math.max(limit - names.length, 1);
      const page = await listRepositories(ports, registry, last, room, { prefix });
      names.push(...page.names);
      if (page.more) return { names: names.slice(0, limit), more: true };
      index += 1;
      continue;
    }
    const wanted = namesFrom(patterns, index);
    names.push(
      ...(await present(
        ports,
        registry,
        wanted.filter((name) => last === undefined || name > last),
      )),
    );
    index += wanted.length;
  }
  return { names: names.slice(0, limit), more: names.length > limit };
}

/** The next patterns that are names. */
function namesFrom(patterns: readonly NamePattern[], start: number): RepositoryName[] {
  const end = patterns.findIndex((pattern, index) => index >= start && pattern.endsWith("/*"));
  const names = patterns.slice(start, end < 0 ? undefined : end).slice(0, readsAtOnce);
  return names as readonly string[] as RepositoryName[];
}

async function present(
  ports: Ports,
  { rid }: RegistryDocument,
  names: readonly RepositoryName[],
): Promise<RepositoryName[]> {
  const entries = await Promise.all(names.map((name) => readEntry(ports, rid, name)));
  return names.filter((_, index) => entries[index]?.document.rank !== undefined);
}
