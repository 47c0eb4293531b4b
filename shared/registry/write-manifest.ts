import { listInCatalog } from "../catalog/catalog-entries.ts";
import { commitManifest } from "../catalog/manifest-commit.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { ensureRepository, type Repository } from "../catalog/repositories.ts";
import { algorithmOf, type Digest } from "../domain/digest.ts";
import { RegistryError } from "../domain/errors.ts";
import { digestBytes } from "../domain/hash.ts";
import { limits } from "../domain/limits.ts";
import { parseManifest } from "../domain/manifest.ts";
import type { Reference, RepositoryName, Tag } from "../domain/name.ts";
import { type Place, samePlace } from "../domain/place.ts";
import type { Ports } from "../ports/ports.ts";
import { leaseChildren } from "./lease-children.ts";
import { demandPushable } from "./uploads/demand-pushable.ts";
import { demandRoom } from "./uploads/demand-room.ts";
import { newPlace } from "./uploads/upload-ticket.ts";

/** A manifest as it was pushed. */
export interface PushedManifest {
  readonly reference: Reference;
  /** From `?tag=`, beside the reference. */
  readonly tags: readonly Tag[];
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface WrittenManifest {
  readonly digest: Digest;
  readonly subject: Digest | undefined;
}

/**
 * Stores a manifest byte for byte and points its tags at it, all in one commit.
 * @throws RegistryError MANIFEST_INVALID, DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN, or DENIED when something is locked or immutable, or the registry is full
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
 */
export async function writeManifest(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  pushed: PushedManifest,
): Promise<WrittenManifest> {
  const { reference, bytes } = pushed;
  const digest = digestBytes(reference.kind === "digest" ? algorithmOf(reference.digest) : "sha256", bytes);
  if (reference.kind === "digest" && reference.digest !== digest) {
    throw new RegistryError("DIGEST_INVALID", {
      message: "the manifest's digest is another one",
      detail: { expected: reference.digest, actual: digest },
    });
  }
  const content = decodeUtf8(bytes);
  const manifest = parseManifest(pushed.mediaType, content);
  const repository = await ensureRepository(ports, registry, name);
  demandPushable(name, repository.locks);
  await demandRoom(ports, registry, bytes.byteLength);
  await leaseChildren(ports, repository, manifest);
  const tags = [...new Set(reference.kind === "tag" ? [reference.tag, ...pushed.tags] : pushed.tags)];
  await listInCatalog(ports, repository, ports.ids.nonce());

  const inline = bytes.byteLength <= limits.manifestInlineBytesMax;
  const place = inline ? undefined : await putBytes(ports, repository, digest, bytes);
  const written = await commitManifest(
    ports,
    repository,
    { digest, manifest, size: bytes.byteLength, content: inline ? content : undefined, place },
    tags,
  );
  if (place !== undefined && (written.place === undefined || !samePlace(written.place, place))) {
    // The manifest was there already; if this fails, an orphan is left, which collection finds.
    await ports.blobs.delete(place).catch(() => {});
  }
  return { digest, subject: manifest.subject };
}

/** Manifests are JSON, and JSON is UTF-8: decoded and encoded again, the bytes are the same. */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new RegistryError("MANIFEST_INVALID", { message: "the manifest is not UTF-8" });
  }
}

/** The bytes at a place of their own, for a manifest that is too large for its document. */
export async function putBytes(
  ports: Ports,
  repository: Repository,
  digest: Digest,
  bytes: Uint8Array,
): Promise<Place> {
  const place = newPlace(ports, repository.registry);
  const properties = {
    registry: repository.registry.rid,
    repository: repository.name,
    digest,
    size: bytes.byteLength,
  };
  await ports.blobs.put(place, bytes, properties);
  return place;
}
