import {
  everyRepository,
  type RepositoryAction,
  type RepositoryGrant,
  repositoryActions,
} from "./actions.ts";

/** What the management API can be asked for, as Azure names it; those of this registry's own routes in the same manner. */
const managementActions = [
  "Microsoft.Resources/subscriptions/read",
  "Microsoft.Resources/subscriptions/resourceGroups/read",
  "Microsoft.ContainerRegistry/checkNameAvailability/read",
  "Microsoft.ContainerRegistry/registries/read",
  "Microsoft.ContainerRegistry/registries/write",
  "Microsoft.ContainerRegistry/registries/delete",
  "Microsoft.ContainerRegistry/registries/listUsages/read",
  "Microsoft.ContainerRegistry/registries/listCredentials/action",
  "Microsoft.ContainerRegistry/registries/regenerateCredential/action",
  "Microsoft.ContainerRegistry/registries/generateCredentials/action",
  "Microsoft.ContainerRegistry/registries/scopeMaps/read",
  "Microsoft.ContainerRegistry/registries/scopeMaps/write",
  "Microsoft.ContainerRegistry/registries/scopeMaps/delete",
  "Microsoft.ContainerRegistry/registries/tokens/read",
  "Microsoft.ContainerRegistry/registries/tokens/write",
  "Microsoft.ContainerRegistry/registries/tokens/delete",
  "Microsoft.ContainerRegistry/registries/repositoryUsages/read",
  "Microsoft.ContainerRegistry/registries/cost/read",
  "Microsoft.ContainerRegistry/registries/repositoryCosts/read",
  "Microsoft.ContainerRegistry/registries/lifecyclePolicies/read",
  "Microsoft.ContainerRegistry/registries/lifecyclePolicies/write",
  "Microsoft.ContainerRegistry/registries/lifecyclePolicies/delete",
  "Microsoft.ContainerRegistry/registries/lifecyclePolicies/preview/action",
  "Microsoft.ContainerRegistry/registries/deletedRepositories/read",
  "Microsoft.ContainerRegistry/registries/collection/read",
  "Microsoft.ContainerRegistry/registries/usageReconciliation/read",
  "Microsoft.ContainerRegistry/registries/usageReconciliation/action",
] as const;

export type ManagementAction = (typeof managementActions)[number];

/** What a role lets its holder do. */
interface Powers {
  readonly management: readonly ManagementAction[];
  /** On every repository. An empty list lets their names be seen; absent: nothing of what is in the registry. */
  readonly repositories?: readonly RepositoryAction[];
}

// Not what only looks like reading: `listCredentials` is an action, since what it lists lets its reader in.
const reads = managementActions.filter((action) => action.endsWith("/read"));

/**
 * What each role means, as the hosted service has it: the general roles, those of its earlier permissions, and those of its
 * permissions by repository. Nobody assigns roles through this API, so Owner and Contributor are the same.
 * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers
 */
const powers = {
  Owner: { management: managementActions, repositories: repositoryActions },
  Contributor: { management: managementActions, repositories: repositoryActions },
  Reader: { management: reads, repositories: ["pull", "metadata_read", "deleted_read"] },
  AcrPull: { management: [], repositories: ["pull", "metadata_read"] },
  AcrPush: { management: [], repositories: ["pull", "push", "metadata_read"] },
  AcrDelete: { management: [], repositories: ["delete"] },
  "Container Registry Repository Reader": { management: [], repositories: ["pull", "metadata_read"] },
  "Container Registry Repository Writer": {
    management: [],
    repositories: ["pull", "push", "metadata_read", "metadata_write"],
  },
  "Container Registry Repository Contributor": {
    management: [],
    repositories: ["pull", "push", "delete", "metadata_read", "metadata_write"],
  },
  "Container Registry Repository Catalog Lister": { management: [], repositories: [] },
  "Container Registry Contributor and Data Access Configuration Administrator": {
    management: managementActions,
  },
} as const satisfies Record<string, Powers>;

export type Role = keyof typeof powers;

export const roles = Object.keys(powers) as Role[];

export function permits(role: Role, action: ManagementAction): boolean {
  const { management }: Powers = powers[role];
  return management.includes(action);
}

/** Whether the role has to do with what is in a registry. */
export function isOfContent(role: Role): boolean {
  const { repositories }: Powers = powers[role];
  return repositories !== undefined;
}

/** What these roles allow in a registry, in one grant. */
export function grantsOfRoles(held: readonly Role[]): RepositoryGrant[] {
  const ofContent = held.filter(isOfContent);
  if (ofContent.length === 0) return [];
  const allowed = new Set(ofContent.flatMap((role) => (powers[role] as Powers).repositories ?? []));
  return [{ name: everyRepository, actions: repositoryActions.filter((action) => allowed.has(action)) }];
}
