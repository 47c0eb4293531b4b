import { asRepositoryName } from "../../domain/name.ts";
import { previewCollection } from "../../upkeep/collection/preview.ts";
import type { Reply } from "../exchange.ts";
import { jsonReply, malformed } from "../json.ts";
import type { ManagementExchange } from "./exchange.ts";
import { nextPage, parseSkipToken } from "./paging.ts";

/** What collection would take from the registry, from when on and why, some repositories a page. Nothing is changed. */
export async function answerCollectionPreview(exchange: ManagementExchange): Promise<Reply> {
  const { ports, registry, method, query } = exchange;
  const { limit, token } = parseSkipToken(query);
  if (token !== undefined && asRepositoryName(token) === undefined)
    throw malformed("$skiptoken is that of a nextLink");
  const { candidates, next } = await previewCollection(ports, registry, token);
  const value = candidates.map(({ from, ...candidate }) => ({
    ...candidate,
    fromTime: new Date(from).toISOString(),
  }));
  return jsonReply(method, { value, ...nextPage(exchange, ["collection", "preview"], limit, next) });
}
