import { limits } from "../../domain/limits.ts";
import { recountRegistry } from "../../upkeep/recount/reconcile-usage.ts";
import { type RecountReportDocument, readRecount, readRecountReport } from "../../upkeep/recount/report.ts";
import type { Reply } from "../exchange.ts";
import { jsonReply } from "../json.ts";
import type { ManagementExchange } from "./exchange.ts";
import { resourceId } from "./resource.ts";

/**
 * GET tells what the latest recount of the registry's usage found; POST counts anew, or goes on with a recount that is under way, as far
 * as one run goes: 200 when it came to its end, else 202.
 */
export async function answerUsageReconciliation(exchange: ManagementExchange): Promise<Reply> {
  const { ports, registry, hosts, method, log } = exchange;
  const { rid } = registry;
  const budget = { pages: limits.recountPagesPerRunMax };
  const ended = method === "POST" ? await recountRegistry(ports, log, registry, budget) : undefined;
  const [report, underWay] = await Promise.all([
    ended ?? readRecountReport(ports, rid),
    readRecount(ports, rid),
  ]);
  const status = method === "POST" && ended === undefined ? 202 : 200;
  const body = {
    id: resourceId(hosts.scope, registry, "usageReconciliation"),
    name: "usageReconciliation",
    type: "Microsoft.ContainerRegistry/registries/usageReconciliation",
    properties: {
      status: underWay === undefined ? (report === undefined ? "NotStarted" : "Succeeded") : "Running",
      ...(report === undefined ? {} : { report: describe(report) }),
    },
  };
  return jsonReply(method, body, status);
}

function describe(report: RecountReportDocument): unknown {
  const { startedAt, endedAt, shards, repositories, unsettled, drifts, drift } = report;
  return {
    startTime: new Date(startedAt).toISOString(),
    endTime: new Date(endedAt).toISOString(),
    shards,
    repositories,
    unsettled,
    drifts,
    drift,
  };
}
