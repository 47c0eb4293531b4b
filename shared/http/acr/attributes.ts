import type { Lock } from "../../catalog/documents.ts";
import type { LockChanges } from "../../catalog/locks/change-locks.ts";
import { malformed } from "../json.ts";

/** What is allowed, by the names that the hosted service gives it. */
const locksOf = {
  deleteEnabled: "delete",
  writeEnabled: "write",
  listEnabled: "list",
  readEnabled: "read",
} as const satisfies Record<string, Lock>;

type Attribute = keyof typeof locksOf;

/** The `changeableAttributes` of what has these locks. */
export function attributesOf(locks: readonly Lock[] | undefined): Readonly<Record<Attribute, boolean>> {
  const enabled = (lock: Lock) => locks?.includes(lock) !== true;
  return {
    deleteEnabled: enabled("delete"),
    writeEnabled: enabled("write"),
    listEnabled: enabled("list"),
    readEnabled: enabled("read"),
  };
}

/**
 * Some of the `changeableAttributes`.
 * @throws RegistryError UNSUPPORTED with status 400, also for what is not kept here, such as `quarantineState`
 */
export function parseAttributes(body: Readonly<Record<string, unknown>>): LockChanges {
  const changes: Partial<Record<Lock, boolean>> = {};
  for (const [name, value] of Object.entries(body)) {
    if (!isAttribute(name) || typeof value !== "boolean") {
      throw malformed(`the body has some of ${Object.keys(locksOf).join(", ")}, each true or false`);
    }
    changes[locksOf[name]] = !value;
  }
  return changes;
}

function isAttribute(name: string): name is Attribute {
  return Object.hasOwn(locksOf, name);
}
