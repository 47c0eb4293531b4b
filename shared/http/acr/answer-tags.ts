import type { TagDocument } from "../../catalog/documents.ts";
import { asDigest, parseDigest } from "../../domain/digest.ts";
import { asTag } from "../../domain/name.ts";
import { lockTag } from "../../registry/change-locks.ts";
import { deleteTag } from "../../registry/delete-tag.ts";
import { listTags } from "../../registry/inventory/list-tags.ts";
import { tagManifest } from "../../registry/tag-manifest.ts";
import type { Reply, RepositoryExchange } from "../exchange.ts";
import { emptyReply, jsonReply, malformed, readJsonObject } from "../json.ts";
import { parseAttributes } from "./attributes.ts";
import { demandRepository, demandTag, unknownTag } from "./demand.ts";
import { headOf, listOf, tagItem } from "./items.ts";
import { nextPage, parseListQuery } from "./list-query.ts";

/** @see https://learn.microsoft.com/rest/api/containerregistry/tag/get-list */
export async function answerTagList(exchange: RepositoryExchange): Promise<Reply> {
  const { ports, query, prefix, name, method } = exchange;
  const asked = parseListQuery(query, asTag);
  const digestText = query.get("digest") || undefined;
  const digest = digestText === undefined ? undefined : parseDigest(digestText);
  const repository = await demandRepository(exchange);
  const { tags, next } = await listTags(ports, repository, asked.order, asked.place, digest, asked.limit);
  const link = next === undefined ? {} : nextPage([prefix + name, "_tags"], asked, next, digest);
  return jsonReply(method, { ...headOf(exchange), ...listOf("tags", tags.map(tagItem)) }, 200, link);
}

/**
 * GET, PATCH and DELETE of a tag, and PUT, which points it at a manifest that is there.
 * @see https://learn.microsoft.com/rest/api/containerregistry/tag
 */
export async function answerTag(exchange: RepositoryExchange, text: string): Promise<Reply> {
  const { ports, registry, name, method } = exchange;
  if (method === "PUT") await putTag(exchange, text);
  if (method === "DELETE") {
    const tag = asTag(text);
    if (tag === undefined) throw unknownTag(exchange, text);
    await deleteTag(ports, registry, name, tag);
    return emptyReply(202);
  }
  const tag = method === "PATCH" ? await patchTag(exchange, text) : await demandTag(exchange, text);
  return jsonReply(method, { ...headOf(exchange), tag: tagItem(tag) });
}

async function putTag({ ports, registry, name, body }: RepositoryExchange, text: string): Promise<void> {
  const tag = asTag(text);
  if (tag === undefined) throw malformed("this is no tag");
  const { digest: digestText, ...others } = await readJsonObject(body);
  const digest = typeof digestText === "string" ? asDigest(digestText) : undefined;
  if (digest === undefined || Object.keys(others).length > 0)
    throw malformed("the body has a digest, and nothing else");
  await tagManifest(ports, registry, name, tag, digest);
}

async function patchTag(exchange: RepositoryExchange, text: string): Promise<TagDocument> {
  const { ports, registry, name, body } = exchange;
  const changes = parseAttributes(await readJsonObject(body));
  const tag = asTag(text);
  if (tag === undefined) throw unknownTag(exchange, text);
  return await lockTag(ports, registry, name, tag, changes);
}
