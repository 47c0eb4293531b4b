import type { ManifestDocument } from "../catalog/documents.ts";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { parseManifestMediaType } from "../domain/media-type.ts";
import { asReference, asTag, type Reference, type Tag } from "../domain/name.ts";
import { beyondTier } from "../domain/tiers/refusals.ts";
import { figuresOf, tierOf } from "../domain/tiers/table.ts";
import { deleteManifest } from "../registry/delete-manifest.ts";
import { openManifest, readManifest } from "../registry/read-manifest.ts";
import { writeManifest } from "../registry/write-manifest.ts";
import { entityTag, matchesEntityTag, notModified } from "./conditional.ts";
import type { Reply, RepositoryExchange } from "./exchange.ts";
import { formatPath } from "./route.ts";

/**
 * GET, HEAD, PUT and DELETE of a manifest, by tag or by digest. What is stored is given, whatever the client accepts: its
 * digest would not fit anything else.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 */
export async function answerManifest(exchange: RepositoryExchange, referenceText: string): Promise<Reply> {
  const { ports, registry, repositories, name, method } = exchange;
  if (method === "PUT") return await putManifest(exchange, parseReference(referenceText));
  const reference = asReference(referenceText);
  if (reference === undefined) throw unknownReference(referenceText, method);
  if (method === "DELETE") {
    await deleteManifest(ports, registry, name, reference);
    return { status: 202, headers: { "content-length": "0" } };
  }
  const repository = await repositories.find(registry, name);
  const manifest = await readManifest(ports, repository, name, reference);
  if (method === "GET" && repository !== undefined) exchange.pulls.note(repository, manifest.digest);
  return await getManifest(exchange, manifest);
}

async function getManifest(exchange: RepositoryExchange, manifest: ManifestDocument): Promise<Reply> {
  const tag = entityTag(manifest.digest);
  const headers = {
    "content-type": manifest.mediaType,
    "content-length": String(manifest.size),
    "docker-content-digest": manifest.digest,
    etag: tag,
  };
  const known = exchange.headers.get("if-none-match");
  if (known !== null && matchesEntityTag(known, tag)) return notModified(headers);
  if (exchange.method === "HEAD") return { status: 200, headers };
  return { status: 200, headers, body: await openManifest(exchange.ports, manifest) };
}

async function putManifest(exchange: RepositoryExchange, reference: Reference): Promise<Reply> {
  const { ports, registry, name, body } = exchange;
  const tags = parseTags(exchange.query.getAll("tag"));
  const contentType = exchange.headers.get("content-type");
  if (contentType === null) {
    throw new RegistryError("MANIFEST_INVALID", { message: "a manifest needs a Content-Type" });
  }
  const mediaType = parseManifestMediaType(contentType);
  const { manifestBytesMax } = figuresOf(ports.tiers, registry);
  const tooLarge = () =>
    beyondTier(ports.tiers, tierOf(registry), "manifestBytesMax", "in one manifest", {
      code: "MANIFEST_INVALID",
      status: 413,
    });
  const bytes = await body.bytes(manifestBytesMax, tooLarge);
  const written = await writeManifest(ports, registry, name, { reference, tags, mediaType, bytes });
  return {
    status: 201,
    headers: {
      location: formatPath(exchange.prefix + name, "manifests", written.digest),
      "docker-content-digest": written.digest,
      ...(written.subject === undefined ? {} : { "oci-subject": written.subject }),
      ...(tags.length === 0 ? {} : { "oci-tag": tags.join(", ") }),
      "content-length": "0",
    },
  };
}

function parseTags(texts: readonly string[]): Tag[] {
  if (texts.length > limits.tagsPerPutMax) {
    const message = `one request sets at most ${limits.tagsPerPutMax} tags`;
    throw new RegistryError("MANIFEST_INVALID", { status: 414, message });
  }
  return texts.map((text) => {
    const tag = asTag(text);
    if (tag === undefined) throw malformedTag(text);
    return tag;
  });
}

function parseReference(text: string): Reference {
  const reference = asReference(text);
  if (reference !== undefined) return reference;
  throw text.includes(":") ? malformedDigest(text) : malformedTag(text);
}

/** Readers of what cannot exist are told that it does not; who wants to delete it is told what is wrong with it. */
function unknownReference(text: string, method: string): RegistryError {
  if (method === "DELETE" && text.includes(":")) return malformedDigest(text);
  return new RegistryError("MANIFEST_UNKNOWN", { detail: { reference: text.slice(0, 200) } });
}

function malformedDigest(text: string): RegistryError {
  return new RegistryError("DIGEST_INVALID", {
    message: "a digest is sha256:<64 hex digits> or sha512:<128 hex digits>, in lower case",
    detail: { digest: text.slice(0, 200) },
  });
}

function malformedTag(text: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", {
    message: `a tag has at most ${limits.tagCharsMax} letters, digits, _ . and -, and starts with none of . and -`,
    detail: { tag: text.slice(0, 200) },
  });
}
