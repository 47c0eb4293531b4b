import { parseScopeMapAction } from "../../../domain/access/scope-map.ts";
import { limits } from "../../../domain/limits.ts";
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

/** @throws RegistryError of status 400 when there are none, or too many */
export function checkActionCount(actions: readonly string[]): void {
  if (actions.length === 0) throw invalid("a scope map has at least one action");
  if (actions.length > limits.scopeMapActionsMax) {
    throw invalid(`a scope map has at most ${limits.scopeMapActionsMax} actions, not ${actions.length}`);
  }
}
