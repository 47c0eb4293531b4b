import { acrCatalog } from "./acr/catalog.ts";
import { acrDeletedCatalog } from "./acr/deleted-catalog.ts";
import { acrDeletedManifest } from "./acr/deleted-manifest.ts";
import { acrDeletedManifests } from "./acr/deleted-manifests.ts";
import { acrDeletedRepository } from "./acr/deleted-repository.ts";
import { acrDeletedTag } from "./acr/deleted-tag.ts";
import { acrDeletedTags } from "./acr/deleted-tags.ts";
import { acrManifest } from "./acr/manifest.ts";
import { acrManifests } from "./acr/manifests.ts";
import { acrRepository } from "./acr/repository.ts";
import { acrTag } from "./acr/tag.ts";
import { acrTags } from "./acr/tags.ts";
import { armGenerateCredentials } from "./arm/access/generate-credentials.ts";
import { armListCredentials } from "./arm/access/list-credentials.ts";
import { armRegenerateCredential } from "./arm/access/regenerate-credential.ts";
import { armScopeMap } from "./arm/access/scope-map.ts";
import { armScopeMaps } from "./arm/access/scope-maps.ts";
import { armToken } from "./arm/access/token.ts";
import { armTokens } from "./arm/access/tokens.ts";
import { armCollection } from "./arm/collection.ts";
import { armCollectionPreview } from "./arm/collection-preview.ts";
import { armCost } from "./arm/cost.ts";
import { armDeletedRepositories } from "./arm/deleted-repositories.ts";
import { armGroupRegistries } from "./arm/group-registries.ts";
import { armLifecyclePolicy } from "./arm/lifecycle-policy.ts";
import { armLifecyclePreview } from "./arm/lifecycle-preview.ts";
import { armNameAvailability } from "./arm/name-availability.ts";
import { armRegistries } from "./arm/registries.ts";
import { armRegistry } from "./arm/registry.ts";
import { armRepositoryCosts } from "./arm/repository-costs.ts";
import { armRepositoryUsages } from "./arm/repository-usages.ts";
import { armResourceGroup } from "./arm/scope/resource-group.ts";
import { armResources } from "./arm/scope/resources.ts";
import { armSubscription } from "./arm/scope/subscription.ts";
import { armSubscriptions } from "./arm/scope/subscriptions.ts";
import { armUsageReconciliation } from "./arm/usage-reconciliation.ts";
import { armUsages } from "./arm/usages.ts";
import type { Door, QueueDoor, TimerDoor } from "./door.ts";
import { health } from "./healthz.ts";
import { oauth2Exchange } from "./oauth2/exchange.ts";
import { publicKeys } from "./oauth2/public-keys.ts";
import { oauth2Token } from "./oauth2/token.ts";
import { readiness } from "./readyz.ts";
import { collectionTimer } from "./tick/collection.ts";
import { eventTimer } from "./tick/events.ts";
import { retentionTimer } from "./tick/retention.ts";
import { uploadTimer } from "./tick/uploads.ts";
import { usageTimer } from "./tick/usage.ts";
import { base } from "./v2-base.ts";
import { blob } from "./v2-blob.ts";
import { catalog } from "./v2-catalog.ts";
import { manifest } from "./v2-manifest.ts";
import { referrers } from "./v2-referrers.ts";
import { tags } from "./v2-tags.ts";
import { upload } from "./v2-upload.ts";
import { uploadStart } from "./v2-upload-start.ts";
import { collectionWork } from "./work-collection.ts";
import { eventWork } from "./work-events.ts";
import { notFound } from "./zz-not-found.ts";

/** All doors for requests. */
export const doors: readonly Door[] = [
  health,
  readiness,
  base,
  catalog,
  blob,
  uploadStart,
  upload,
  manifest,
  tags,
  referrers,
  acrCatalog,
  acrRepository,
  acrTags,
  acrTag,
  acrManifests,
  acrManifest,
  acrDeletedCatalog,
  acrDeletedRepository,
  acrDeletedTags,
  acrDeletedTag,
  acrDeletedManifests,
  acrDeletedManifest,
  oauth2Token,
  oauth2Exchange,
  publicKeys,
  armSubscriptions,
  armSubscription,
  armResourceGroup,
  armResources,
  armRegistries,
  armGroupRegistries,
  armNameAvailability,
  armRegistry,
  armUsages,
  armRepositoryUsages,
  armCost,
  armRepositoryCosts,
  armLifecyclePolicy,
  armLifecyclePreview,
  armDeletedRepositories,
  armCollection,
  armCollectionPreview,
  armUsageReconciliation,
  armTokens,
  armToken,
  armScopeMaps,
  armScopeMap,
  armGenerateCredentials,
  armListCredentials,
  armRegenerateCredential,
  notFound,
];

/** All doors of work that nobody waits for. */
export const queueDoors: readonly QueueDoor[] = [eventWork, collectionWork];
export const timerDoors: readonly TimerDoor[] = [
  eventTimer,
  collectionTimer,
  retentionTimer,
  uploadTimer,
  usageTimer,
];
