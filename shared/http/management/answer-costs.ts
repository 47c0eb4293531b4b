import type { RegistryUsageDocument, RepositoryUsageDocument } from "../../catalog/documents.ts";
import { ids } from "../../catalog/keys.ts";
import {
  listRepositoryUsage,
  meteringTime,
  meterRegistry,
  meterRepository,
  readRegistryUsage,
  stateOfUsage,
} from "../../catalog/usage.ts";
import { RegistryError } from "../../domain/errors.ts";
import { costOfMonth, type MonthCost, shareOf } from "../../domain/pricing/cost.ts";
import { firstMonth, meteredIn } from "../../domain/pricing/meter.ts";
import { asMonth, endOfMonth, type Month, monthOf, startOfMonth } from "../../domain/pricing/month.ts";
import type { Prices } from "../../domain/pricing/prices.ts";
import { attributeToTier } from "../../domain/pricing/tier-months.ts";
import { tierOf } from "../../domain/tiers/table.ts";
import type { Reply } from "../exchange.ts";
import { jsonReply, malformed } from "../json.ts";
import type { ManagementExchange } from "./exchange.ts";
import { nextPage, parseSkipToken } from "./paging.ts";
import { resourceId } from "./resource.ts";

/** What a registry's cost is made of. */
interface Bill {
  readonly prices: Prices;
  readonly month: Month;
  readonly usage: RegistryUsageDocument | undefined;
  readonly now: number;
  /** When metering began; 0: with the registry. */
  readonly since: number;
}

/** What the registry costs in a month: of the present one so far, and the whole of it if nothing changes. One read. */
export async function answerCost(exchange: ManagementExchange): Promise<Reply> {
  const { registry, hosts, method } = exchange;
  const bill = await openBill(exchange);
  const { prices, month, now, since } = bill;
  const { items, total } = costAt(exchange, bill, now);
  const end = endOfMonth(month);
  const properties = {
    month,
    currency: prices.currency,
    startTime: iso(Math.max(startOfMonth(month), registry.createdAt)),
    endTime: iso(Math.min(end, now)),
    // Of what was stored before it nothing is known.
    ...(since > startOfMonth(month) ? { meteredSince: iso(since) } : {}),
    items,
    total,
    ...(now < end ? { projectedTotal: costAt(exchange, bill, end).total } : {}),
  };
  return jsonReply(method, {
    id: resourceId(hosts.scope, registry, "cost"),
    name: "cost",
    type: "Microsoft.ContainerRegistry/registries/cost",
    properties,
  });
}

/**
 * What each repository has of the registry's cost in a month, a page in the order of their names; also those that were deleted. A page
 * can have fewer items than asked for. One read, and a range read.
 */
export async function answerRepositoryCosts(exchange: ManagementExchange): Promise<Reply> {
  const { ports, registry, method, query } = exchange;
  const { limit, token } = parseSkipToken(query);
  const last = token === undefined ? undefined : { id: ids.repositoryUsages + token };
  // The registry's figures last: they have what the repositories' have.
  const { usages, more } =
    limit === 0 ? { usages: [], more: false } : await listRepositoryUsage(ports, registry.rid, last, limit);
  const bill = await openBill(exchange);
  const { month } = bill;
  const next = more ? usages.at(-1)?.id.slice(ids.repositoryUsages.length) : undefined;
  const cost = costAt(exchange, bill, bill.now);
  const value = usages.flatMap((usage) => repositoryItem(exchange, bill, cost, usage) ?? []);
  return jsonReply(method, { value, ...nextPage(exchange, ["repositoryCosts"], limit, next, { month }) });
}

/** @throws RegistryError when nothing is known of the month, or there are no prices */
async function openBill({ ports, registry, query }: ManagementExchange): Promise<Bill> {
  const { prices } = ports;
  if (prices === undefined)
    throw absent("there are no prices: the setting PRICES of this deployment names none");
  const text = query.get("month") || undefined;
  const asked = text === undefined ? undefined : asMonth(text);
  if (text !== undefined && asked === undefined)
    throw malformed("month is a calendar month, such as 2026-11");
  const usage = await readRegistryUsage(ports, registry.rid);
  const now = meteringTime(ports, usage);
  const month = asked ?? monthOf(now);
  const since = meterRegistry(usage, now).metered.since ?? 0;
  if (month > monthOf(now)) throw absent(`${month} has not begun`);
  if (month < monthOf(registry.createdAt))
    throw absent(`the registry was made later than in ${month}, on ${iso(registry.createdAt)}`);
  if (month < firstMonth(now)) throw absent(`figures are kept of ${firstMonth(now)} and later`);
  if (endOfMonth(month) <= since) throw absent(`there are no figures of before ${iso(since)}`);
  return { prices, month, usage, now, since };
}

/** @param at when what is stored now, and the tier, are still the same */
function costAt({ ports, registry }: ManagementExchange, bill: Bill, at: number): MonthCost {
  const { prices, month, usage } = bill;
  const meter = meterRegistry(usage, at).metered;
  const { createdAt, tierMonths } = registry;
  const months = attributeToTier(tierMonths, tierOf(registry), { createdAt, meter }, at);
  return costOfMonth(month, months[month] ?? {}, ports.tiers, prices);
}

/** Undefined: it had nothing in that month. */
function repositoryItem(
  { hosts, registry }: ManagementExchange,
  { prices, month, usage, now }: Bill,
  cost: MonthCost,
  of: RepositoryUsageDocument,
): unknown {
  const { repository, generation } = of;
  const bytes = meteredIn(meterRepository(of, usage, now), month);
  if (bytes === 0n) return undefined;
  const { metered, meteredRepositories } = meterRegistry(usage, now);
  const whole = {
    repositories: meteredIn(meteredRepositories, month),
    stored: meteredIn(metered, month),
  };
  return {
    id: resourceId(hosts.scope, registry, "repositoryCosts", encodeURIComponent(repository)),
    name: repository,
    type: "Microsoft.ContainerRegistry/registries/repositoryCosts",
    properties: {
      month,
      currency: prices.currency,
      status: stateOfUsage(of) === "live" ? "live" : "deleted",
      generation,
      ...shareOf(month, cost, bytes, whole),
    },
  };
}

function absent(message: string): RegistryError {
  return new RegistryError("NAME_UNKNOWN", { message, managementCode: "ResourceNotFound" });
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
