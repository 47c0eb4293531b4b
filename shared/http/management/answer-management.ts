import { findRegistry } from "../../catalog/registries.ts";
import { asRegistryName } from "../../domain/name.ts";
import { isAccessName } from "../../identity/log-in.ts";
import { checkAccessName } from "../../identity/manage/names.ts";
import { absent } from "../../identity/manage/refusals.ts";
import { demandAction } from "../auth/manager.ts";
import type { Reply } from "../exchange.ts";
import {
  answerGenerateCredentials,
  answerListCredentials,
  answerRegenerateCredential,
} from "./access/answer-credentials.ts";
import { answerScopeMap, answerScopeMaps } from "./access/answer-scope-maps.ts";
import { answerToken, answerTokens } from "./access/answer-tokens.ts";
import { answerCollection } from "./answer-collection.ts";
import { answerCollectionPreview } from "./answer-collection-preview.ts";
import { answerCost, answerRepositoryCosts } from "./answer-costs.ts";
import { answerDeletedRepositories } from "./answer-deleted-repositories.ts";
import { answerLifecyclePolicy } from "./answer-lifecycle-policy.ts";
import { answerLifecyclePreview } from "./answer-lifecycle-preview.ts";
import { answerUsageReconciliation } from "./answer-usage-reconciliation.ts";
import { answerRepositoryUsages, answerUsages } from "./answer-usages.ts";
import type { ManagementExchange, ManagementRequest } from "./exchange.ts";
import { answerNameAvailability } from "./registry/answer-name-availability.ts";
import { answerRegistries } from "./registry/answer-registries.ts";
import { answerRegistry } from "./registry/answer-registry.ts";
import { putRegistry } from "./registry/put-registry.ts";
import { demandApiVersion, demandScope, groupOf, isSame, unknownRegistry } from "./resource.ts";
import type { ArmRegistryRoute, ArmRoute } from "./route.ts";
import { answerResources } from "./scope/answer-resources.ts";
import { answerResourceGroup, answerSubscription, answerSubscriptions } from "./scope/answer-scopes.ts";

/** Whatever is asked by the management API, in the manner of Azure Resource Manager. */
export async function answerManagement(request: ManagementRequest, route: ArmRoute): Promise<Reply> {
  demandApiVersion(request.query);
  demandScope(request.hosts, request.host, route);
  demandAction(request.manager, route, request.method);
  if ("registry" in route) return await answerOfRegistry(request, route);
  switch (route.kind) {
    case "arm-subscriptions":
      return answerSubscriptions(request);
    case "arm-subscription":
      return answerSubscription(request);
    case "arm-resource-group":
      return answerResourceGroup(request, route.group);
    case "arm-resources":
      return await answerResources(request);
    case "arm-name-availability":
      return await answerNameAvailability(request);
    case "arm-registries":
      return await answerRegistries(request, undefined);
    case "arm-group-registries":
      return await answerRegistries(request, route.group);
  }
}

async function answerOfRegistry(request: ManagementRequest, route: ArmRegistryRoute): Promise<Reply> {
  const { ports, hosts, method } = request;
  if (route.kind === "arm-registry" && method === "PUT") return await putRegistry(request, route);
  const name = asRegistryName(route.registry.toLowerCase());
  // What others have made or changed a moment ago counts.
  const registry = name === undefined ? undefined : await findRegistry(ports, name);
  if (registry !== undefined && isSame(groupOf(hosts.scope, registry), route.group))
    return await answerBelow({ ...request, registry }, route);
  // What is not there needs no deletion.
  if (route.kind === "arm-registry" && method === "DELETE") return { status: 204, headers: {} };
  throw unknownRegistry(route.group, route.registry);
}

async function answerBelow(exchange: ManagementExchange, route: ArmRegistryRoute): Promise<Reply> {
  if ("item" in route && !isAccessName(route.item)) return refuseName(exchange.method, route.item);
  switch (route.kind) {
    case "arm-registry":
      return await answerRegistry(exchange);
    case "arm-usages":
      return await answerUsages(exchange);
    case "arm-repository-usages":
      return await answerRepositoryUsages(exchange);
    case "arm-cost":
      return await answerCost(exchange);
    case "arm-repository-costs":
      return await answerRepositoryCosts(exchange);
    case "arm-lifecycle-policy":
      return await answerLifecyclePolicy(exchange);
    case "arm-lifecycle-preview":
      return await answerLifecyclePreview(exchange);
    case "arm-deleted-repositories":
      return await answerDeletedRepositories(exchange);
    case "arm-collection":
      return await answerCollection(exchange);
    case "arm-collection-preview":
      return await answerCollectionPreview(exchange);
    case "arm-usage-reconciliation":
      return await answerUsageReconciliation(exchange);
    case "arm-tokens":
      return await answerTokens(exchange);
    case "arm-token":
      return await answerToken(exchange, route.item);
    case "arm-scope-maps":
      return await answerScopeMaps(exchange);
    case "arm-scope-map":
      return await answerScopeMap(exchange, route.item);
    case "arm-generate-credentials":
      return await answerGenerateCredentials(exchange);
    case "arm-list-credentials":
      return await answerListCredentials(exchange);
    case "arm-regenerate-credential":
      return await answerRegenerateCredential(exchange);
  }
}

/** What nothing can be called is not there, and cannot be made. */
function refuseName(method: string, name: string): Reply {
  if (method === "DELETE") return { status: 204, headers: {} };
  if (method === "PUT") checkAccessName("this", name);
  throw absent(`${name.slice(0, 100)} in this registry`);
}
