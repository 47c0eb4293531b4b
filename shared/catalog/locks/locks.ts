import { RegistryError } from "../../domain/errors.ts";
import { compileGlobs, type Matcher } from "../../domain/glob.ts";
import type { Lock } from "../documents.ts";
import type { Repository } from "../repositories.ts";

export type LockedOperation = "delete" | "write" | "read";

/** What may not be changed may not be deleted either. */
const inTheWay: Readonly<Record<LockedOperation, readonly Lock[]>> = {
  delete: ["delete", "write"],
  write: ["write"],
  read: ["read"],
};

/** @param thing what the locks are of, as in `the tag latest` @throws RegistryError UNSUPPORTED, DENIED when one is in the way */
export function demandUnlocked(
  operation: LockedOperation,
  thing: string,
  locks: readonly Lock[] | undefined,
): void {
  const lock = inTheWay[operation].find((one) => locks?.includes(one) === true);
  if (lock !== undefined) throw disallowed(operation, `${lock}Enabled is false for ${thing}`);
}

/** Whether lists leave it out. */
export function isUnlisted(locks: readonly Lock[] | undefined): boolean {
  return locks?.includes("list") === true;
}

/** Whether a tag with these locks keeps its manifest from being deleted. */
export function forbidsDeletion(locks: readonly Lock[] | undefined): boolean {
  return inTheWay.delete.some((one) => locks?.includes(one) === true);
}

/**
 * As the hosted service words it. A registry that does not delete says 405; whoever may not push or pull is denied it.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#deleting-tags
 */
export function disallowed(operation: LockedOperation, why: string): RegistryError {
  const code = operation === "delete" ? "UNSUPPORTED" : "DENIED";
  return new RegistryError(code, { message: `the operation is disallowed: ${why}` });
}

/** Matches the repository's immutable tags: once pushed, they are neither moved nor deleted. Undefined when it has none. */
export function immutableTags({ registry, name }: Repository): Matcher | undefined {
  const patterns = registry.policies.lifecycle?.immutableTags ?? [];
  const tags = patterns.flatMap((one) => (compileGlobs(one.repositories)(name) ? one.tags : []));
  return tags.length === 0 ? undefined : compileGlobs(tags);
}
