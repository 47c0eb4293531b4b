import { parseDigest } from "../domain/digest.ts";
import { mediaTypes } from "../domain/media-type.ts";
import { listReferrers } from "../registry/list-referrers.ts";
import { listVisibleRepositories } from "../registry/list-repositories.ts";
import { listTags } from "../registry/list-tags.ts";
import { grantsOf } from "./auth/open.ts";
import type { Exchange, Reply, RepositoryExchange } from "./exchange.ts";
import { nextLink, parsePage } from "./paginate.ts";
import { formatPath } from "./route.ts";

/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags */
export async function answerTags(exchange: RepositoryExchange): Promise<Reply> {
  const { ports, registry, repositories, name, prefix } = exchange;
  const { limit, last } = parsePage(exchange.query);
  const repository = await repositories.find(registry, name);
  const { tags, more } = await listTags(ports, repository, name, last, limit);
  const link = more
    ? nextLink(formatPath(prefix + name, "tags", "list"), { n: String(limit), last: tags.at(-1) })
    : undefined;
  return json(exchange, { name: prefix + name, tags }, "application/json", link);
}

/**
 * The repositories that have had a manifest, and that the caller may see: the Docker registry API's catalog, to which OCI adds nothing, and Azure Container
 * Registry's.
 * @param path of this catalog
 */
export async function answerCatalog(exchange: Exchange, path: string): Promise<Reply> {
  const { ports, registry, prefix } = exchange;
  const { limit, last } = parsePage(exchange.query);
  const grants = await grantsOf(exchange);
  const { names, more } = await listVisibleRepositories(ports, registry, grants, last, limit);
  const link = more ? nextLink(path, { n: String(limit), last: names.at(-1) }) : undefined;
  return json(exchange, { repositories: names.map((name) => prefix + name) }, "application/json", link);
}

/**
 * Never a 404: clients would take it for a registry without referrers.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export async function answerReferrers(exchange: RepositoryExchange, digestText: string): Promise<Reply> {
  const { ports, registry, repositories, name, prefix, query } = exchange;
  const subject = parseDigest(digestText);
  const { limit, last } = parsePage(query);
  // A media type has no spaces: one here was a plus sign that the client did not escape.
  const artifactType = query.get("artifactType")?.replaceAll(" ", "+") || undefined;
  const repository = await repositories.find(registry, name);
  const page = await listReferrers(ports, repository, subject, artifactType, last, limit);
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: page.descriptors };
  const link =
    page.next === undefined
      ? undefined
      : nextLink(formatPath(prefix + name, "referrers", subject), {
          artifactType,
          n: String(limit),
          last: page.next,
        });
  const reply = json(exchange, index, mediaTypes.ociIndex, link);
  if (artifactType === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, "oci-filters-applied": "artifactType" } };
}

function json(exchange: Exchange, value: unknown, contentType: string, link: string | undefined): Reply {
  const text = JSON.stringify(value);
  const headers = {
    "content-type": contentType,
    "content-length": String(Buffer.byteLength(text)),
    ...(link === undefined ? {} : { link }),
  };
  return exchange.method === "HEAD" ? { status: 200, headers } : { status: 200, headers, body: text };
}
