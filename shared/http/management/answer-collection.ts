import { readRegistryUsage } from "../../catalog/usage.ts";
import { mayManage } from "../../domain/access/role-assignments.ts";
import { readCollectionStatus } from "../../upkeep/collection/status.ts";
import type { Reply } from "../exchange.ts";
import { jsonReply } from "../json.ts";
import type { ManagementExchange } from "./exchange.ts";
import { resourceId } from "./resource.ts";

/**
 * What of the registry waits for collection, and what the last run of it did, in all registries of the deployment together: the latter for
 * whoever may read that of all.
 */
export async function answerCollection({
  ports,
  registry,
  hosts,
  method,
  manager,
}: ManagementExchange): Promise<Reply> {
  const [usage, status] = await Promise.all([
    readRegistryUsage(ports, registry.rid),
    mayManage(manager.roles, "Microsoft.ContainerRegistry/registries/collection/read", {})
      ? readCollectionStatus(ports)
      : undefined,
  ]);
  return jsonReply(method, {
    id: resourceId(hosts.scope, registry, "collection"),
    name: "collection",
    type: "Microsoft.ContainerRegistry/registries/collection",
    properties: {
      condemnedBlobs: usage?.condemnedBlobs ?? 0,
      condemnedBytes: usage?.condemnedBytes ?? 0,
      ...(status === undefined ? {} : { lastRun: describe(status) }),
    },
  });
}

function describe(status: NonNullable<Awaited<ReturnType<typeof readCollectionStatus>>>): unknown {
  const { startedAt, endedAt, oldest, next } = status;
  const { sweeps, links, condemned, condemnedBytes, revived, generations, places, bytes } = status;
  return {
    startTime: timestamp(startedAt),
    endTime: timestamp(endedAt),
    sweeps,
    links,
    condemned,
    condemnedBytes,
    revived,
    generations,
    places,
    bytes,
    more: status.more,
    ...(oldest === undefined ? {} : { oldestDueTime: timestamp(oldest) }),
    ...(next === undefined ? {} : { nextTime: timestamp(next) }),
    placesEver: status.placesEver,
    bytesEver: status.bytesEver,
  };
}

function timestamp(millis: number): string {
  return new Date(millis).toISOString();
}
