import type { Repository } from "../catalog/repositories.ts";
import { asDigestAlgorithm, type Digest, parseDigest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import { asRepositoryName, type RepositoryName } from "../domain/name.ts";
import { type ByteRange, formatUploadRange, parseContentRange } from "../domain/range.ts";
import { mountBlob } from "../registry/mount-blob.ts";
import { appendUpload } from "../registry/uploads/append-upload.ts";
import { cancelUpload } from "../registry/uploads/cancel-upload.ts";
import { demandPushable } from "../registry/uploads/demand-pushable.ts";
import { demandRoom } from "../registry/uploads/demand-room.ts";
import { finishUpload } from "../registry/uploads/finish-upload.ts";
import { pushBlob } from "../registry/uploads/push-blob.ts";
import { readUpload } from "../registry/uploads/read-upload.ts";
import { formatTicket, newTicket, parseTicket, type Upload } from "../registry/uploads/upload-ticket.ts";
import { mayPull } from "./auth/open.ts";
import type { Reply, RepositoryExchange } from "./exchange.ts";
import { formatPath } from "./route.ts";

/**
 * POST: mounts a blob, takes one whole, or starts an upload.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
 */
export async function answerUploadStart(exchange: RepositoryExchange): Promise<Reply> {
  const { ports, registry, repositories, name, query, body } = exchange;
  const algorithmText = query.get("digest-algorithm");
  const algorithm = algorithmText === null ? "sha256" : asDigestAlgorithm(algorithmText);
  if (algorithm === undefined) {
    throw new RegistryError("DIGEST_INVALID", { message: "digest-algorithm is sha256 or sha512" });
  }
  demandPushable(name, repositories.remembered(registry, name)?.locks);
  const mount = query.get("mount");
  if (mount !== null && (await mounted(exchange, parseDigest(mount))))
    return created(exchange, parseDigest(mount));
  await demandRoom(ports, registry);
  const digestText = query.get("digest");
  if (digestText !== null) {
    const digest = parseDigest(digestText);
    await pushBlob(ports, registry, name, digest, body, undefined);
    return created(exchange, digest);
  }
  const upload: Upload = { registry, repository: name, ticket: newTicket(ports, algorithm) };
  return { status: 202, headers: uploadHeaders(exchange, upload, 0) };
}

/** The repository from which a query wants a blob mounted. */
export function sourceOf(query: URLSearchParams): RepositoryName | undefined {
  return query.has("mount") ? asRepositoryName(query.get("from") ?? "") : undefined;
}

/** A source that is absent, malformed, not readable or of another registry is the same to the client: it uploads. */
async function mounted(exchange: RepositoryExchange, digest: Digest): Promise<boolean> {
  const { ports, registry, name, prefix, query } = exchange;
  const fromText = query.get("from");
  const readable = (repository: Repository) => mayPull(exchange, repository);
  if (fromText === null) return await mountBlob(ports, registry, name, digest, undefined, readable);
  const from = fromText.startsWith(prefix) ? asRepositoryName(fromText.slice(prefix.length)) : undefined;
  return from !== undefined && (await mountBlob(ports, registry, name, digest, from, readable));
}

/** GET, PATCH, PUT and DELETE of an upload's URL, which stays valid while the upload lives. */
export async function answerUpload(exchange: RepositoryExchange, ticketText: string): Promise<Reply> {
  const { ports, registry, name, method, body } = exchange;
  const upload: Upload = {
    registry,
    repository: name,
    ticket: parseTicket(ports, registry, name, ticketText),
  };
  switch (method) {
    case "PATCH": {
      const progress = await appendUpload(ports, upload, body, chunkRange(exchange));
      if (progress.outcome === "out-of-order") throw outOfOrder(exchange, upload, progress.offset);
      return { status: 202, headers: uploadHeaders(exchange, begun(upload), progress.offset) };
    }
    case "PUT": {
      const digest = parseDigest(exchange.query.get("digest") ?? "");
      const finished = await finishUpload(ports, upload, digest, body, chunkRange(exchange));
      if (finished.outcome === "out-of-order") throw outOfOrder(exchange, upload, finished.offset);
      return created(exchange, digest);
    }
    case "DELETE":
      await cancelUpload(ports, upload);
      return { status: 204, headers: {} };
    default:
      return {
        status: 204,
        headers: statusHeaders(exchange, begun(upload), await readUpload(ports, upload)),
      };
  }
}

function chunkRange(exchange: RepositoryExchange): ByteRange | undefined {
  const header = exchange.headers.get("content-range");
  if (header === null) return undefined;
  const range = parseContentRange(header);
  if (range === undefined) {
    throw new RegistryError("BLOB_UPLOAD_INVALID", {
      message: "Content-Range is <start>-<end>, both inclusive",
    });
  }
  return range;
}

function created(exchange: RepositoryExchange, digest: Digest): Reply {
  return {
    status: 201,
    headers: {
      location: formatPath(exchange.prefix + exchange.name, "blobs", digest),
      "docker-content-digest": digest,
      "content-length": "0",
    },
  };
}

function outOfOrder(exchange: RepositoryExchange, upload: Upload, offset: number): RegistryError {
  return new RegistryError("BLOB_UPLOAD_INVALID", {
    status: 416,
    message: "the chunk does not start where the upload ends",
    detail: { offset },
    headers: statusHeaders(exchange, begun(upload), offset),
  });
}

/** The upload under the URL that clients go on with. */
function begun(upload: Upload): Upload {
  return { ...upload, ticket: { ...upload.ticket, begun: true } };
}

function uploadHeaders(exchange: RepositoryExchange, upload: Upload, offset: number): Record<string, string> {
  return { ...statusHeaders(exchange, upload, offset), "content-length": "0" };
}

/** Where the upload goes on: the true offset and its URL, whose last part clients take for the upload's id. */
function statusHeaders(exchange: RepositoryExchange, upload: Upload, offset: number): Record<string, string> {
  const ticket = formatTicket(exchange.ports, upload);
  return {
    location: formatPath(exchange.prefix + exchange.name, "blobs", "uploads", ticket),
    range: formatUploadRange(offset),
    "docker-upload-uuid": upload.ticket.id,
  };
}
