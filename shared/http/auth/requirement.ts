import type { RegistryResource, RepositoryAction } from "../../domain/access/actions.ts";
import type { ManagementAction } from "../../domain/access/roles.ts";
import { type ArmRoute, armMethods } from "../management/route.ts";
import type { Route } from "../route.ts";

/** What a request needs of its caller. */
export type Requirement =
  /** Nothing. */
  | { readonly kind: "none" }
  /** To have said who he is. */
  | { readonly kind: "login" }
  /** Any of these actions on the repository. `asked`: for which ones a client without them is sent to get a token. */
  | {
      readonly kind: "repository";
      readonly anyOf: readonly RepositoryAction[];
      readonly asked: readonly RepositoryAction[];
    }
  | { readonly kind: "registry"; readonly resource: RegistryResource }
  /** A role that permits this, there where the path leads. */
  | ManagementRequirement;

export interface ManagementRequirement {
  readonly kind: "management";
  readonly action: ManagementAction;
}

const none: Requirement = { kind: "none" };
const login: Requirement = { kind: "login" };

const only = (action: RepositoryAction): Requirement => ({
  kind: "repository",
  anyOf: [action],
  asked: [action],
});

const pull = only("pull");
// Whoever pushes looks first at what is there.
const push: Requirement = { kind: "repository", anyOf: ["push"], asked: ["pull", "push"] };
const remove = only("delete");
const readMetadata = only("metadata_read");
const writeMetadata = only("metadata_write");
const readDeleted = only("deleted_read");
const restoreDeleted = only("deleted_restore");
/** The hosted service's documentation names one, and its clients ask for the other. */
const untag: Requirement = { kind: "repository", anyOf: ["delete", "metadata_write"], asked: ["delete"] };

/**
 * What the request needs: total over routes and methods, and all there is to decide.
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions
 */
export function requirementOf(kind: Route["kind"], method: string): Requirement {
  const reads = method === "GET" || method === "HEAD";
  if (isManaged(kind)) return managementRequirementOf(kind, method);
  switch (kind) {
    case "health":
    case "readiness":
    case "oauth2-token":
    case "oauth2-exchange":
    case "public-keys":
      return none;
    case "base":
      return login;
    case "catalog":
    case "acr-catalog":
      return { kind: "registry", resource: "catalog" };
    case "acr-deleted-catalog":
      return { kind: "registry", resource: "deleted_catalog" };
    case "blob":
      return reads ? pull : remove;
    case "manifest":
      return reads ? pull : method === "PUT" ? push : remove;
    case "upload-start":
    case "upload":
      return push;
    case "tags":
    case "referrers":
      return pull;
    case "acr-repository":
      return reads ? readMetadata : method === "PATCH" ? writeMetadata : remove;
    case "acr-tags":
    case "acr-manifests":
      return readMetadata;
    case "acr-tag":
      return reads ? readMetadata : method === "PATCH" ? writeMetadata : method === "PUT" ? push : untag;
    case "acr-manifest":
      return reads ? readMetadata : writeMetadata;
    case "acr-deleted-tags":
    case "acr-deleted-manifests":
      return readDeleted;
    case "acr-deleted-repository":
    case "acr-deleted-tag":
    case "acr-deleted-manifest":
      return method === "POST" ? restoreDeleted : remove;
  }
}

function isManaged(kind: Route["kind"]): kind is ArmRoute["kind"] {
  return Object.hasOwn(armMethods, kind);
}

/** What a request to the management API needs, by Azure's names; what only this registry has is named in the same manner. */
export function managementRequirementOf(kind: ArmRoute["kind"], method: string): ManagementRequirement {
  const change = method === "GET" ? "read" : method === "DELETE" ? "delete" : "write";
  switch (kind) {
    case "arm-subscriptions":
    case "arm-subscription":
      return manage("Microsoft.Resources/subscriptions/read");
    case "arm-resource-group":
      return manage("Microsoft.Resources/subscriptions/resourceGroups/read");
    case "arm-resources":
    case "arm-registries":
    case "arm-group-registries":
      return manage("Microsoft.ContainerRegistry/registries/read");
    case "arm-name-availability":
      return manage("Microsoft.ContainerRegistry/checkNameAvailability/read");
    case "arm-registry":
      return manage(`Microsoft.ContainerRegistry/registries/${change}`);
    case "arm-usages":
      return manage("Microsoft.ContainerRegistry/registries/listUsages/read");
    case "arm-repository-usages":
      return manage("Microsoft.ContainerRegistry/registries/repositoryUsages/read");
    case "arm-cost":
      return manage("Microsoft.ContainerRegistry/registries/cost/read");
    case "arm-repository-costs":
      return manage("Microsoft.ContainerRegistry/registries/repositoryCosts/read");
    case "arm-lifecycle-policy":
      return manage(`Microsoft.ContainerRegistry/registries/lifecyclePolicies/${change}`);
    case "arm-lifecycle-preview":
      return manage(
        `Microsoft.ContainerRegistry/registries/lifecyclePolicies/${method === "GET" ? "read" : "preview/action"}`,
      );
    case "arm-deleted-repositories":
      return manage("Microsoft.ContainerRegistry/registries/deletedRepositories/read");
    case "arm-collection":
    case "arm-collection-preview":
      return manage("Microsoft.ContainerRegistry/registries/collection/read");
    case "arm-usage-reconciliation":
      return manage(
        `Microsoft.ContainerRegistry/registries/usageReconciliation/${method === "GET" ? "read" : "action"}`,
      );
    case "arm-regenerate-credential":
      return manage("Microsoft.ContainerRegistry/registries/regenerateCredential/action");
    case "arm-list-credentials":
      return manage("Microsoft.ContainerRegistry/registries/listCredentials/action");
    case "arm-generate-credentials":
      return manage("Microsoft.ContainerRegistry/registries/generateCredentials/action");
    case "arm-scope-map":
    case "arm-scope-maps":
      return manage(`Microsoft.ContainerRegistry/registries/scopeMaps/${change}`);
    case "arm-token":
    case "arm-tokens":
      return manage(`Microsoft.ContainerRegistry/registries/tokens/${change}`);
  }
}

function manage(action: ManagementAction): ManagementRequirement {
  return { kind: "management", action };
}
