import {
  everyRepository,
  matches,
  type NamePattern,
  type RepositoryAction,
  type RepositoryGrant,
} from "./actions.ts";

/** What lets a repository be seen in a list. */
const seeing: readonly RepositoryAction[] = ["pull", "metadata_read"];

/**
 * The fewest patterns that match all repositories which these grants let be seen, in the order of their names; no two of them match
 * the same name.
 */
export function visiblePatterns(grants: readonly RepositoryGrant[]): NamePattern[] {
  const patterns = new Set(
    grants
      .filter(({ actions }) => actions.length === 0 || actions.some((action) => seeing.includes(action)))
      .map(({ name }) => name),
  );
  if (patterns.has(everyRepository)) return [everyRepository];
  const all = [...patterns];
  return all.filter((one) => !all.some((other) => other !== one && matches(other, one))).sort();
}
