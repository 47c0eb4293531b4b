import { parseLifecyclePolicy } from "../../domain/lifecycle/parse-policy.ts";
import type { LifecyclePolicy } from "../../domain/lifecycle.ts";
import type { Reply } from "../exchange.ts";
import { emptyReply, jsonReply, malformed, readJsonObject } from "../json.ts";
import type { ManagementExchange } from "./exchange.ts";
import { withPolicies } from "./registry/answer-registry.ts";
import { resourceId } from "./resource.ts";

export const noPolicy: LifecyclePolicy = { rules: [], immutableTags: [] };

/** GET, PUT and DELETE of what goes by itself and what is written once: the one lifecycle policy of a registry. */
export async function answerLifecyclePolicy(exchange: ManagementExchange): Promise<Reply> {
  const { method, body } = exchange;
  if (method === "PUT") {
    const lifecycle = parsePolicyBody(await readJsonObject(body));
    return describe(await withPolicies(exchange, (policies) => ({ ...policies, lifecycle })));
  }
  if (method === "DELETE") {
    await withPolicies(exchange, ({ lifecycle: _, ...policies }) => policies);
    return emptyReply(200);
  }
  return describe(exchange);
}

/** `{"properties": …}`, as every resource. @throws RegistryError UNSUPPORTED with status 400 */
export function parsePolicyBody(body: Readonly<Record<string, unknown>>): LifecyclePolicy {
  const { properties, id: _, name: __, type: ___, ...others } = body;
  if (Object.keys(others).length > 0) throw malformed("the body has properties, and nothing else");
  const parsed = parseLifecyclePolicy(properties);
  if ("policy" in parsed) return parsed.policy;
  throw malformed(
    parsed.errors.map(({ field, message }) => `${field || "properties"} ${message}`).join("; "),
  );
}

function describe({ registry, hosts, method }: ManagementExchange): Reply {
  return jsonReply(method, {
    id: resourceId(hosts.scope, registry, "lifecyclePolicies", "default"),
    name: "default",
    type: "Microsoft.ContainerRegistry/registries/lifecyclePolicies",
    properties: registry.policies.lifecycle ?? noPolicy,
  });
}
