import type { Ports } from "../../../ports/ports.ts";
import type { ScopeMapDocument } from "../../documents.ts";
import { revocationKeys } from "../../principal.ts";
import { changeAccess } from "../change-access.ts";
import { checkDescription } from "../names.ts";
import { checkActionCount, checkActions } from "./check-actions.ts";
import { findOwnScopeMap } from "./find-scope-map.ts";

export interface ScopeMapUpdate {
  readonly description?: string;
  /** All that it has from now on. */
  readonly actions?: readonly string[];
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** What is not told stays. @throws RegistryError NAME_UNKNOWN, or of status 400 for what cannot be meant */
export async function updateScopeMap(
  ports: Ports,
  rid: string,
  name: string,
  update: ScopeMapUpdate,
): Promise<ScopeMapDocument> {
  checkDescription(update.description);
  const replaced = update.actions === undefined ? undefined : checkActions(update.actions);
  const add = checkActions(update.add ?? []);
  const remove = checkActions(update.remove ?? []);
  return await changeAccess(ports, rid, async (attempt) => {
    const { document: before, etag } = await findOwnScopeMap(attempt, name);
    const actions = [...new Set([...(replaced ?? before.actions), ...add])].filter(
      (action) => !remove.includes(action),
    );
    checkActionCount(ports, attempt.registry, actions, before.actions.length);
    const description = update.description ?? before.description;
    const sameActions = isSame(actions, before.actions);
    if (sameActions && description === before.description) return { operations: [], result: before };
    const document: ScopeMapDocument = {
      ...before,
      ...(description === undefined ? {} : { description }),
      actions,
      updatedAt: ports.clock.now(),
      writer: attempt.writer,
    };
    return {
      operations: [{ op: "replace", document, etag }],
      ...(sameActions ? {} : { revokes: [revocationKeys.scopeMap(before.name)] }),
      result: document,
    };
  });
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((action) => other.includes(action));
}
