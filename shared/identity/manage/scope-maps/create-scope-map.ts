import { schema } from "../../../catalog/documents.ts";
import { ids } from "../../../catalog/keys.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { ScopeMapDocument } from "../../documents.ts";
import { changeAccess } from "../change-access.ts";
import { checkAccessName, checkDescription } from "../names.ts";
import { inTheWay } from "../refusals.ts";
import { checkActionCount, checkActions } from "./check-actions.ts";

export interface NewScopeMap {
  readonly name: string;
  readonly description?: string;
  readonly actions: readonly string[];
}

/** @throws RegistryError of status 400 for what cannot be meant, 409 when there is one of that name, 403 when the tier allows no more */
export async function createScopeMap(
  ports: Ports,
  rid: string,
  asked: NewScopeMap,
): Promise<ScopeMapDocument> {
  const { name, description } = asked;
  checkAccessName("a scope map", name);
  checkDescription(description);
  const actions = checkActions(asked.actions);
  return await changeAccess(ports, rid, async ({ registry, read, writer }) => {
    checkActionCount(ports, registry, actions);
    const id = ids.scopeMap(name);
    const before = await read<ScopeMapDocument>(id, "scope-map");
    if (before?.document.writer === writer) return { operations: [], result: before.document };
    if (before !== undefined) throw inTheWay(`there is a scope map ${before.document.name} already`);
    const now = ports.clock.now();
    const document: ScopeMapDocument = {
      id,
      kind: "scope-map",
      schema,
      writer,
      name,
      ...(description === undefined ? {} : { description }),
      actions,
      createdAt: now,
      updatedAt: now,
    };
    return { operations: [{ op: "create", document }], result: document };
  });
}
