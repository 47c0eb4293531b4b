import type { Reply } from "../../exchange.ts";
import { jsonReply } from "../../json.ts";
import type { ManagementRequest } from "../exchange.ts";

/**
 * The subscriptions that somebody can manage: there is one.
 * @see https://learn.microsoft.com/rest/api/resources/subscriptions/list
 */
export function answerSubscriptions(request: ManagementRequest): Reply {
  return jsonReply(request.method, {
    value: [describeSubscription(request)],
    count: { type: "Total", value: 1 },
  });
}

/** @see https://learn.microsoft.com/rest/api/resources/subscriptions/get */
export function answerSubscription(request: ManagementRequest): Reply {
  return jsonReply(request.method, describeSubscription(request));
}

function describeSubscription({ hosts }: ManagementRequest): unknown {
  const { subscriptionId } = hosts.scope;
  return {
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    displayName: hosts.domain,
    state: "Enabled",
    authorizationSource: "RoleBased",
    managedByTenants: [],
  };
}

/**
 * Every group that can be named is there, so there is nothing to look up.
 * @see https://learn.microsoft.com/rest/api/resources/resource-groups/get
 */
export function answerResourceGroup({ hosts, ports, method }: ManagementRequest, group: string): Reply {
  if (method === "HEAD") return { status: 204, headers: {} };
  return jsonReply(method, {
    id: `/subscriptions/${hosts.scope.subscriptionId}/resourceGroups/${group}`,
    name: group,
    type: "Microsoft.Resources/resourceGroups",
    location: ports.region,
    tags: {},
    properties: { provisioningState: "Succeeded" },
  });
}
