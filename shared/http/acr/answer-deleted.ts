import type { ManifestDocument } from "../../catalog/documents.ts";
import { listTagNames } from "../../catalog/lists/manifest-pages.ts";
import { allows } from "../../domain/access/actions.ts";
import { asDigest } from "../../domain/digest.ts";
import { limits } from "../../domain/limits.ts";
import { asTag, type RepositoryName } from "../../domain/name.ts";
import { listDeletedRepositories } from "../../registry/inventory/list-deleted.ts";
import { listDeletedManifests, listDeletedTags } from "../../registry/inventory/list-deleted-images.ts";
import { purgeDeletedManifest, purgeDeletedTag } from "../../registry/purge-deleted.ts";
import { restoreManifest } from "../../registry/restore-manifest.ts";
import { purgeRepository, restoreRepository } from "../../registry/restore-repository.ts";
import { grantsOf } from "../auth/open.ts";
import type { Exchange, Reply, RepositoryExchange } from "../exchange.ts";
import { emptyReply, jsonReply, malformed, readJsonObject } from "../json.ts";
import { nextLink, parsePage } from "../paginate.ts";
import { answerRepository } from "./answer-repository.ts";
import { demandRepository, unknownManifest, unknownTag } from "./demand.ts";
import { headOf, manifestItem, timestamp } from "./items.ts";
import { formatAcrPath } from "./route.ts";

// `last` of these lists is whatever the link before says.

/** The repositories that can be restored, each once a page. Of those that the caller may not see, nothing is told. */
export async function answerDeletedCatalog(exchange: Exchange): Promise<Reply> {
  const { ports, registry, prefix, method, query } = exchange;
  const { limit, last } = parsePage(query);
  if (last !== undefined && !/^kept:[0-9]{15}:/.test(last)) throw malformed("last is that of a link");
  const grants = await grantsOf(exchange);
  const seen = (name: RepositoryName) => allows(grants, name, "deleted_read");
  const { repositories, next } = await listDeletedRepositories(ports, registry, last, limit, seen);
  const names = new Set(repositories.map(({ name }) => prefix + name));
  const link = linkTo(["_deleted", "_catalog"], limit, next);
  return jsonReply(method, { repositories: [...names] }, 200, link);
}

/** POST restores a whole repository, DELETE gives it up. */
export async function answerDeletedRepository(exchange: RepositoryExchange): Promise<Reply> {
  const { ports, registry, name, method } = exchange;
  if (method === "DELETE") {
    await purgeRepository(ports, registry, name);
    return emptyReply(202);
  }
  await restoreRepository(ports, registry, name, parseForce(exchange));
  return await answerRepository({ ...exchange, method: "GET" });
}

/** The manifests of a repository that can be restored. */
export async function answerDeletedManifests(exchange: RepositoryExchange): Promise<Reply> {
  const { ports, registry, prefix, name, method, query } = exchange;
  const { limit, last } = parsePage(query);
  const { items, next } = await listDeletedManifests(ports, registry, name, last, limit);
  const manifests = items.map((item) => ({ ...item, deletedAt: timestamp(item.deletedAt) }));
  const link = linkTo(["_deleted", prefix + name, "_manifests"], limit, next);
  return jsonReply(method, { ...headOf(exchange), manifests }, 200, link);
}

/** The tags of a repository that can be restored. */
export async function answerDeletedTags(exchange: RepositoryExchange): Promise<Reply> {
  const { ports, registry, prefix, name, method, query } = exchange;
  const { limit, last } = parsePage(query);
  const { items, next } = await listDeletedTags(ports, registry, name, last, limit);
  const tags = items.map((item) => ({ ...item, deletedAt: timestamp(item.deletedAt) }));
  const link = linkTo(["_deleted", prefix + name, "_tags"], limit, next);
  return jsonReply(method, { ...headOf(exchange), tags }, 200, link);
}

/** POST restores a manifest, with a tag if one is named; DELETE gives it up. */
export async function answerDeletedManifest(exchange: RepositoryExchange, text: string): Promise<Reply> {
  const { ports, registry, name, method } = exchange;
  const digest = asDigest(text);
  if (digest === undefined) throw unknownManifest(exchange, text);
  if (method === "DELETE") {
    await purgeDeletedManifest(ports, registry, name, digest);
    return emptyReply(202);
  }
  const tag = await parseTag(exchange);
  const restoration = { force: parseForce(exchange), ...(tag === undefined ? {} : { tag }) };
  return await described(exchange, await restoreManifest(ports, registry, name, digest, restoration));
}

/** DELETE gives up whatever the tag meant when it was deleted. */
export async function answerDeletedTag(exchange: RepositoryExchange, text: string): Promise<Reply> {
  const tag = asTag(text);
  if (tag === undefined) throw unknownTag(exchange, text);
  await purgeDeletedTag(exchange.ports, exchange.registry, exchange.name, tag);
  return emptyReply(202);
}

async function described(exchange: RepositoryExchange, manifest: ManifestDocument): Promise<Reply> {
  const repository = await demandRepository(exchange);
  const limit = limits.manifestTagsListedMax;
  const { tags } = await listTagNames(exchange.ports, repository, manifest.digest, undefined, limit);
  const item = manifestItem({ manifest, tags }, true);
  return jsonReply(exchange.method, { ...headOf(exchange), manifest: item });
}

/** `{"tag"}`, or no body. */
async function parseTag({ body }: RepositoryExchange) {
  if (body.length === 0) return undefined;
  const { tag: text, ...others } = await readJsonObject(body);
  if (Object.keys(others).length > 0) throw malformed("the body has a tag, and nothing else");
  if (text === undefined || text === null) return undefined;
  const tag = typeof text === "string" ? asTag(text) : undefined;
  if (tag === undefined) throw malformed("the tag is none");
  return tag;
}

function parseForce({ query }: Exchange): boolean {
  const force = (query.get("force") ?? "false").toLowerCase();
  if (force !== "true" && force !== "false") throw malformed("force is true or false");
  return force === "true";
}

function linkTo(path: readonly string[], limit: number, last: string | undefined): Record<string, string> {
  return last === undefined ? {} : { link: nextLink(formatAcrPath(...path), { last, n: String(limit) }) };
}
