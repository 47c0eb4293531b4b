import type { Reply } from "../exchange.ts";
import { answerCollection } from "./answer-collection.ts";
import { answerCollectionPreview } from "./answer-collection-preview.ts";
import { answerDeletedRepositories } from "./answer-deleted-repositories.ts";
import { answerLifecyclePolicy } from "./answer-lifecycle-policy.ts";
import { answerLifecyclePreview } from "./answer-lifecycle-preview.ts";
import { answerRegistry } from "./answer-registry.ts";
import { answerUsageReconciliation } from "./answer-usage-reconciliation.ts";
import { answerRepositoryUsages, answerUsages } from "./answer-usages.ts";
import type { ManagementRequest } from "./exchange.ts";
import { demandApiVersion, registryOf, unknownRegistry } from "./resource.ts";
import type { ArmRoute } from "./route.ts";

/** Whatever is asked by the management API, in the manner of Azure Resource Manager. */
export async function answerManagement(request: ManagementRequest, route: ArmRoute): Promise<Reply> {
  demandApiVersion(request.query);
  const name = registryOf(request.hosts, request.host, route);
  const registry = await request.registries.find(name);
  // What is not there needs no deletion.
  if (registry === undefined && route.kind === "arm-registry" && request.method === "DELETE") {
    return { status: 204, headers: {} };
  }
  if (registry === undefined) throw unknownRegistry(request.hosts.scope, route.registry);
  const exchange = { ...request, registry };
  switch (route.kind) {
    case "arm-registry":
      return await answerRegistry(exchange);
    case "arm-usages":
      return await answerUsages(exchange);
    case "arm-repository-usages":
      return await answerRepositoryUsages(exchange);
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
  }
}
