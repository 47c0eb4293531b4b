import type { RegistryResource, RepositoryAction } from "../../domain/access/actions.ts";
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
  /** To be the administrator of the deployment. */
  | { readonly kind: "administrator" };

const none: Requirement = { kind: "none" };
const login: Requirement = { kind: "login" };
const administrator: Requirement = { kind: "administrator" };

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
  switch (kind) {
    case "health":
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
    case "arm-subscriptions":
    case "arm-subscription":
    case "arm-resources":
    case "arm-resource-group":
    case "arm-registries":
    case "arm-group-registries":
    case "arm-name-availability":
    case "arm-registry":
    case "arm-usages":
    case "arm-repository-usages":
    case "arm-cost":
    case "arm-repository-costs":
    case "arm-lifecycle-policy":
    case "arm-lifecycle-preview":
    case "arm-deleted-repositories":
    case "arm-collection":
    case "arm-collection-preview":
    case "arm-usage-reconciliation":
    case "arm-regenerate-credential":
    case "arm-list-credentials":
    case "arm-generate-credentials":
    case "arm-scope-map":
    case "arm-scope-maps":
    case "arm-token":
    case "arm-tokens":
      return administrator;
  }
}
