import type { RegistryDocument, RegistryPolicies } from "../../../catalog/registry-documents.ts";
import { limits } from "../../../domain/limits.ts";
import { regionOf } from "../../../domain/place.ts";
import { figuresOf, tierOf } from "../../../domain/tiers/table.ts";
import { isAdminUserEnabled } from "../access/switch-admin-user.ts";
import type { ManagementRequest } from "../exchange.ts";
import { loginServer, resourceId } from "../resource.ts";
import { describeNetwork } from "./parse-network.ts";
import { describeRetention, onlyStatus } from "./parse-policies.ts";
import { only } from "./parse-registry.ts";

/** A registry as the hosted service shows it. One read. @see https://learn.microsoft.com/rest/api/containerregistry/registries/get */
export async function describeRegistry(
  request: Pick<ManagementRequest, "ports" | "hosts" | "host">,
  registry: RegistryDocument,
): Promise<unknown> {
  const { ports, hosts, host } = request;
  const { policies, tags = {} } = registry;
  const tier = tierOf(registry);
  return {
    id: resourceId(hosts.scope, registry),
    name: registry.name,
    type: "Microsoft.ContainerRegistry/registries",
    location: regionOf(registry.storage.account),
    tags,
    sku: { name: tier, tier },
    properties: {
      loginServer: loginServer(hosts, host, registry.name),
      creationDate: new Date(registry.createdAt).toISOString(),
      provisioningState: "Succeeded",
      adminUserEnabled: await isAdminUserEnabled(request, registry),
      anonymousPullEnabled: policies.anonymousPull !== undefined,
      ...(policies.anonymousPull === undefined ? {} : { anonymousPullRepositories: policies.anonymousPull }),
      policies: describePolicies(policies),
      // Clients read these of every registry of the hosted service.
      ...only,
      ...describeNetwork(policies, figuresOf(ports.tiers, registry).networkRules),
      encryption: { status: "disabled" },
      dataEndpointHostNames: [],
      privateEndpointConnections: [],
    },
  };
}

function describePolicies({ softDelete, lifecycle, exportPolicy }: RegistryPolicies): unknown {
  const fixed = Object.entries(onlyStatus).map(([name, status]): [string, unknown] => [name, { status }]);
  return {
    ...Object.fromEntries(fixed),
    softDeletePolicy: {
      retentionDays: softDelete?.days ?? limits.softDeleteDaysUsual,
      status: softDelete?.enabled === true ? "enabled" : "disabled",
      ...(softDelete?.updatedAt === undefined
        ? {}
        : { lastUpdatedTime: new Date(softDelete.updatedAt).toISOString() }),
    },
    retentionPolicy: describeRetention(lifecycle),
    exportPolicy: { status: exportPolicy ?? "enabled" },
  };
}
