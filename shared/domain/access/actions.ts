/**
 * What can be done to a repository, in the words of the scopes that Azure Container Registry's clients ask for.
 * `metadata_*` are locks and lists of tags and manifests, `deleted_*` what soft delete keeps.
 * @see https://distribution.github.io/distribution/spec/auth/scope/
 */
export const repositoryActions = [
  "pull",
  "push",
  "delete",
  "metadata_read",
  "metadata_write",
  "deleted_read",
  "deleted_restore",
] as const;

export type RepositoryAction = (typeof repositoryActions)[number];

/** What there is to list of a registry as a whole; whoever may, sees only what he may see of it. */
export const registryResources = ["catalog", "deleted_catalog"] as const;

export type RegistryResource = (typeof registryResources)[number];

/**
 * Actions on all repositories that a pattern matches; without any, only their names are seen. What several grants allow adds up;
 * nothing takes away.
 */
export interface RepositoryGrant {
  readonly name: NamePattern;
  readonly actions: readonly RepositoryAction[];
}

declare const brand: unique symbol;

/** A repository's name, `<name>/*` for all that lie below it, or `*` for all. */
export type NamePattern = string & { readonly [brand]: "NamePattern" };

export const everyRepository = "*" as NamePattern;

/** All that can be done to a registry's content. */
export const everything: readonly RepositoryGrant[] = [{ name: everyRepository, actions: repositoryActions }];

/** Whether any of the grants allows the action. */
export function allows(grants: readonly RepositoryGrant[], name: string, action: RepositoryAction): boolean {
  return grants.some((grant) => grant.actions.includes(action) && matches(grant.name, name));
}

/** Whether the pattern is the name, or stands for it. @param name a name, or a pattern whose every name is to match */
export function matches(pattern: NamePattern, name: string): boolean {
  if (pattern === everyRepository || pattern === name) return true;
  // The slash stays, so that `team/*` is not `teams/x`.
  return pattern.endsWith("/*") && name.length >= pattern.length && name.startsWith(pattern.slice(0, -1));
}
