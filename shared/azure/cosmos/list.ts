import type { Container, SqlQuerySpec } from "@azure/cosmos";
import type { ListQuery, Page, Stored } from "../../ports/document-store.ts";
import { storedOf } from "./item.ts";

/** The consistency of reads that may be stale: one replica answers, at half the charge. */
export const staleConsistency = "Eventual";

/**
 * One page of one partition. One document more than asked for tells whether there are more; an answer of the service holds
 * at most 4 MB, so a page may take several.
 */
export async function listPage(
  container: Container,
  partition: string,
  query: ListQuery,
  abortSignal: AbortSignal,
): Promise<Page> {
  const wanted = query.limit + 1;
  const pages = container.items.query<Record<string, unknown>>(rangeQuery(partition, query), {
    partitionKey: partition,
    maxItemCount: wanted,
    abortSignal,
    ...(query.fresh ? {} : { consistencyLevel: staleConsistency }),
  });
  const found: Stored[] = [];
  while (found.length < wanted && pages.hasMoreResults()) {
    const { resources } = await pages.fetchNext();
    for (const item of resources) found.push(storedOf(item));
  }
  return { documents: found.slice(0, query.limit), more: found.length > query.limit };
}

/**
 * The range as a query that one composite index answers: equality on the partition, then a range of the order. Comparing
 * with a string leaves out documents without a rank. How the service orders strings is not documented beyond "lowest to
 * highest"; its SDKs merge what it sorted by comparing code units, which for ASCII is by bytes, as the port wants it.
 * @see https://learn.microsoft.com/azure/cosmos-db/index-policy#queries-with-a-filter-and-order-by
 */
export function rangeQuery(partition: string, query: ListQuery): SqlQuerySpec {
  const order = query.by === "id" ? "c.id" : "c.rank";
  const direction = query.descending === true ? "DESC" : "ASC";
  const low = query.after === undefined ? `${order} >= @after` : `${order} > @after`;
  const high = query.before === undefined ? "" : ` AND ${order} < @before`;
  const parameters = [
    { name: "@pk", value: partition },
    { name: "@after", value: query.after ?? "" },
  ];
  if (query.before !== undefined) parameters.push({ name: "@before", value: query.before });
  return {
    query: `SELECT * FROM c WHERE c.pk = @pk AND ${low}${high} ORDER BY c.pk ${direction}, ${order} ${direction}`,
    parameters,
  };
}
