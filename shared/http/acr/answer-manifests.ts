import { listTagNames } from "../../catalog/lists/manifest-pages.ts";
import { findManifest } from "../../catalog/manifests.ts";
import { asDigest } from "../../domain/digest.ts";
import { limits } from "../../domain/limits.ts";
import { lockManifest } from "../../registry/change-locks.ts";
import { listManifests } from "../../registry/inventory/list-manifests.ts";
import type { Reply, RepositoryExchange } from "../exchange.ts";
import { jsonReply, readJsonObject } from "../json.ts";
import { parseAttributes } from "./attributes.ts";
import { demandRepository, unknownManifest } from "./demand.ts";
import { headOf, listOf, manifestItem } from "./items.ts";
import { nextPage, parseListQuery } from "./list-query.ts";

/** @see https://learn.microsoft.com/rest/api/containerregistry/manifests/get-list */
export async function answerManifestList(exchange: RepositoryExchange): Promise<Reply> {
  const { ports, query, prefix, name, method } = exchange;
  const asked = parseListQuery(query, asDigest);
  const repository = await demandRepository(exchange);
  const { manifests, next } = await listManifests(ports, repository, asked.order, asked.place, asked.limit);
  const link = next === undefined ? {} : nextPage([prefix + name, "_manifests"], asked, next);
  const items = manifests.map((manifest) => manifestItem(manifest, false));
  return jsonReply(method, { ...headOf(exchange), ...listOf("manifests", items) }, 200, link);
}

/**
 * GET and PATCH of a manifest.
 * @see https://learn.microsoft.com/rest/api/containerregistry/manifests/get-attributes
 */
export async function answerManifestItem(exchange: RepositoryExchange, text: string): Promise<Reply> {
  const { ports, registry, name, method, body } = exchange;
  const changes = method === "PATCH" ? parseAttributes(await readJsonObject(body)) : {};
  const digest = asDigest(text);
  if (digest === undefined) throw unknownManifest(exchange, text);
  if (method === "PATCH") await lockManifest(ports, registry, name, digest, changes);
  const repository = await demandRepository(exchange);
  const manifest = (await findManifest(ports, repository, digest))?.document;
  if (manifest === undefined) throw unknownManifest(exchange, text);
  const { tags } = await listTagNames(ports, repository, digest, undefined, limits.manifestTagsListedMax);
  return jsonReply(method, { ...headOf(exchange), manifest: manifestItem({ manifest, tags }, true) });
}
