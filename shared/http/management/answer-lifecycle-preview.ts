import { asRepositoryName, parseRepositoryName, type RepositoryName } from "../../domain/name.ts";
import { type PreviewPosition, previewRetention } from "../../upkeep/retention/preview.ts";
import type { Reply } from "../exchange.ts";
import { jsonReply, malformed, readJsonObject } from "../json.ts";
import { noPolicy, parsePolicyBody } from "./answer-lifecycle-policy.ts";
import type { ManagementExchange } from "./exchange.ts";
import { nextPage, parseSkipToken } from "./paging.ts";

/**
 * What the lifecycle policy would delete now, or (POST) what that of the body would, a page of victims: each with the rule that chose
 * it. Nothing is deleted.
 */
export async function answerLifecyclePreview(exchange: ManagementExchange): Promise<Reply> {
  const { ports, registry, method, query, body } = exchange;
  const policy =
    method === "POST"
      ? parsePolicyBody(await readJsonObject(body))
      : (registry.policies.lifecycle ?? noPolicy);
  const { limit, token } = parseSkipToken(query);
  const from = token === undefined ? undefined : parsePosition(token);
  const repository = parseFilter(query);
  if (limit === 0) return jsonReply(method, { value: [] });
  const page = await previewRetention(ports, registry, policy, { repository, from, limit });
  const value = page.victims.map(({ repository: name, victim }) => ({ repository: name, ...victim }));
  const more = repository === undefined ? {} : { repository };
  return jsonReply(method, {
    value,
    ...(page.tooLarge.length === 0 ? {} : { tooLarge: page.tooLarge }),
    ...nextPage(
      exchange,
      ["lifecyclePolicies", "default", "preview"],
      limit,
      formatPosition(page.next),
      more,
    ),
  });
}

function parseFilter(query: URLSearchParams): RepositoryName | undefined {
  const text = query.get("repository") || undefined;
  return text === undefined ? undefined : parseRepositoryName(text);
}

/** No repository's name has a colon. */
function formatPosition(position: PreviewPosition | undefined): string | undefined {
  if (position === undefined) return undefined;
  const { repository, victims } = position;
  return victims === undefined ? repository : `${repository}:${victims}`;
}

function parsePosition(token: string): PreviewPosition {
  const [, name = "", victims] = /^([^:]+)(?::([0-9]{1,9}))?$/.exec(token) ?? [];
  const repository = asRepositoryName(name);
  if (repository === undefined) throw malformed("$skiptoken is that of a nextLink");
  return { repository, ...(victims === undefined ? {} : { victims: Number(victims) }) };
}
