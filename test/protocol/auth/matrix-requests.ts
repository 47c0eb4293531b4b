import { type Route, routeMethods } from "../../../shared/http/route.ts";
import { absentDigest } from "../harness/content.ts";

/** A kind of request, by its method and its route. */
export interface MatrixRequest {
  /** `<method> <kind of route>` */
  readonly key: string;
  readonly method: string;
  readonly kind: Route["kind"];
  readonly target: string;
}

/** Absent, so that what the administrator may delete is still there for the next request. */
const subscription = "/subscriptions/00000000-0000-0000-0000-000000000000";
const provider = "providers/Microsoft.ContainerRegistry";
const version = "api-version=2025-04-01";
const registry = `${subscription}/resourceGroups/portolan/${provider}/registries/absent1`;
const arm = (rest: string) => `${registry}${rest}?${version}`;
const app = "team/app";

/** A path of each kind of route, about the repository `team/app` where it is about one. */
const targets: Readonly<Record<Route["kind"], string>> = {
  health: "/healthz",
  readiness: "/readyz",
  base: "/v2/",
  catalog: "/v2/_catalog",
  blob: `/v2/${app}/blobs/${absentDigest}`,
  "upload-start": `/v2/${app}/blobs/uploads/`,
  upload: `/v2/${app}/blobs/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV`,
  manifest: `/v2/${app}/manifests/v1`,
  tags: `/v2/${app}/tags/list`,
  referrers: `/v2/${app}/referrers/${absentDigest}`,
  "acr-catalog": "/acr/v1/_catalog",
  "acr-repository": `/acr/v1/${app}`,
  "acr-tags": `/acr/v1/${app}/_tags`,
  "acr-tag": `/acr/v1/${app}/_tags/v1`,
  "acr-manifests": `/acr/v1/${app}/_manifests`,
  "acr-manifest": `/acr/v1/${app}/_manifests/${absentDigest}`,
  "acr-deleted-catalog": "/acr/v1/_deleted/_catalog",
  "acr-deleted-repository": `/acr/v1/_deleted/${app}`,
  "acr-deleted-tags": `/acr/v1/_deleted/${app}/_tags`,
  "acr-deleted-tag": `/acr/v1/_deleted/${app}/_tags/v1`,
  "acr-deleted-manifests": `/acr/v1/_deleted/${app}/_manifests`,
  "acr-deleted-manifest": `/acr/v1/_deleted/${app}/_manifests/${absentDigest}`,
  "arm-subscriptions": `/subscriptions?${version}`,
  "arm-subscription": `${subscription}?${version}`,
  "arm-resources": `${subscription}/resources?${version}`,
  "arm-resource-group": `${subscription}/resourceGroups/portolan?${version}`,
  "arm-registries": `${subscription}/${provider}/registries?${version}`,
  "arm-group-registries": `${subscription}/resourceGroups/portolan/${provider}/registries?${version}`,
  "arm-name-availability": `${subscription}/${provider}/checkNameAvailability?${version}`,
  "arm-registry": arm(""),
  "arm-usages": arm("/listUsages"),
  "arm-repository-usages": arm("/repositoryUsages"),
  "arm-cost": arm("/cost"),
  "arm-repository-costs": arm("/repositoryCosts"),
  "arm-lifecycle-policy": arm("/lifecyclePolicies/default"),
  "arm-lifecycle-preview": arm("/lifecyclePolicies/default/preview"),
  "arm-deleted-repositories": arm("/deletedRepositories"),
  "arm-collection": arm("/collection"),
  "arm-collection-preview": arm("/collection/preview"),
  "arm-usage-reconciliation": arm("/usageReconciliation"),
  "arm-tokens": arm("/tokens"),
  "arm-token": arm("/tokens/absent1"),
  "arm-scope-maps": arm("/scopeMaps"),
  "arm-scope-map": arm("/scopeMaps/absent1"),
  "arm-generate-credentials": arm("/generateCredentials"),
  "arm-list-credentials": arm("/listCredentials"),
  "arm-regenerate-credential": arm("/regenerateCredential"),
  "oauth2-token": "/oauth2/token?scope=repository:team/app:pull",
  "oauth2-exchange": "/oauth2/exchange",
  "public-keys": "/.well-known/jwks.json",
};

/** Every method of every route. */
export const matrixRequests: readonly MatrixRequest[] = (Object.keys(targets) as Route["kind"][]).flatMap(
  (kind) =>
    routeMethods[kind].map((method) => ({ key: `${method} ${kind}`, method, kind, target: targets[kind] })),
);
