import type { RegistryDocument } from "../../../catalog/registry-documents.ts";
import { parseScopeMapAction } from "../../../domain/access/scope-map.ts";
import { beyondTier } from "../../../domain/tiers/refusals.ts";
import { figuresOf, tierOf } from "../../../domain/tiers/table.ts";
import type { Ports } from "../../../ports/ports.ts";
import { invalid } from "../refusals.ts";

/** The actions, each once. @throws RegistryError of status 400 that names the one that cannot be meant */
export function checkActions(actions: readonly string[]): string[] {
  for (const action of actions) {
    if (parseScopeMapAction(action) !== undefined) continue;
    throw invalid(
      `${JSON.stringify(action.slice(0, 300))} is no action: write repositories/<name>/<what>, where <name> is a repository, <path>/* or *, and <what> is content/read, content/write, content/delete, metadata/read, metadata/write, deleted/read or deleted/restore`,
    );
  }
  return [...new Set(actions)];
}

/**
 * @param before how many it has now: it may stay as it is where the tier allows less than it did
 * @throws RegistryError of status 400 when there are none, DENIED when the tier allows less
 */
export function checkActionCount(
  { tiers }: Pick<Ports, "tiers">,
  registry: RegistryDocument,
  actions: readonly string[],
  before = 0,
): void {
  if (actions.length === 0) throw invalid("a scope map has at least one action");
  if (actions.length > Math.max(before, figuresOf(tiers, registry).scopeMapActionsMax)) {
    throw beyondTier(tiers, tierOf(registry), "scopeMapActionsMax", "actions of one scope map");
  }
}
