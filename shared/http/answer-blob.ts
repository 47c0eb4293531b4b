import { parseDigest } from "../domain/digest.ts";
import { parseRange } from "../domain/range.ts";
import { deleteBlob } from "../registry/delete-blob.ts";
import { readBlob } from "../registry/read-blob.ts";
import { entityTag, matchesEntityTag, notModified } from "./conditional.ts";
import type { Reply, RepositoryExchange } from "./exchange.ts";
import { replyWithBytes } from "./ranges.ts";

/**
 * GET, HEAD and DELETE of a blob. HEAD is answered from documents, with the true length; GET by a redirect to a signed URL
 * where the store has such, else by the bytes.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs
 */
export async function answerBlob(exchange: RepositoryExchange, digestText: string): Promise<Reply> {
  const { ports, registry, repositories, name, method } = exchange;
  const digest = parseDigest(digestText);
  if (method === "DELETE") {
    await deleteBlob(ports, registry, name, digest);
    return { status: 202, headers: { "content-length": "0" } };
  }
  // Who asks by HEAD relies on the answer, so that it must be of the repository as it is.
  const promise = method === "HEAD";
  const repository = promise
    ? await repositories.read(registry, name)
    : await repositories.find(registry, name);
  const blob = await readBlob(ports, repository, digest, promise);
  const tag = entityTag(digest);
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    etag: tag,
    "accept-ranges": "bytes",
    "cache-control": "private, max-age=31536000, immutable",
  };
  const known = exchange.headers.get("if-none-match");
  if (known !== null && matchesEntityTag(known, tag)) return notModified(headers);
  if (method === "HEAD") return { status: 200, headers: { ...headers, "content-length": String(blob.size) } };

  const condition = exchange.headers.get("if-range");
  const wanted = exchange.headers.get("range");
  const url = storageCanAnswer(exchange.headers, blob.size) ? await blob.sign() : undefined;
  if (url !== undefined) {
    // The URL dies soon: only what it leads to may be kept.
    const { "content-type": _type, ...kept } = headers;
    return {
      status: 307,
      headers: { ...kept, "cache-control": "no-store", location: url, "content-length": "0" },
    };
  }
  const range = condition === null || condition === tag ? wanted : null;
  return await replyWithBytes(blob, range, headers);
}

const ownConditions = ["if-match", "if-range", "if-unmodified-since"];

/**
 * Whether what a client asks for can be left to Blob Storage, which knows one range from a first byte on, and answers other
 * forms with everything or an error. Its entity tag and its date are others than ours, so it would fail conditions on them.
 * @see https://learn.microsoft.com/rest/api/storageservices/specifying-the-range-header-for-blob-service-operations
 */
function storageCanAnswer(headers: RepositoryExchange["headers"], size: number): boolean {
  if (ownConditions.some((name) => headers.get(name) !== null)) return false;
  const range = headers.get("range");
  if (range === null) return true;
  if (!/^bytes=[0-9]+-[0-9]*$/.test(range)) return false;
  return parseRange(range, size, 1).kind === "ranges";
}
