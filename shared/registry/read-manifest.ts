import { untilSettled } from "../catalog/commit.ts";
import type { ManifestDocument } from "../catalog/documents.ts";
import { demandUnlocked } from "../catalog/locks/locks.ts";
import { findManifest } from "../catalog/manifests.ts";
import type { Repository } from "../catalog/repositories.ts";
import { findTag } from "../catalog/tags.ts";
import { RegistryError } from "../domain/errors.ts";
import type { Reference, RepositoryName, Tag } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

/**
 * The manifest that a tag or a digest means now.
 * @throws RegistryError MANIFEST_UNKNOWN, or DENIED when it, the tag or the repository is locked against reading
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 */
export async function readManifest(
  ports: Ports,
  repository: Repository | undefined,
  name: RepositoryName,
  reference: Reference,
): Promise<ManifestDocument> {
  demandUnlocked("read", `the repository ${name}`, repository?.locks);
  const manifest =
    repository === undefined
      ? undefined
      : reference.kind === "digest"
        ? (await findManifest(ports, repository, reference.digest))?.document
        : await readTagged(ports, repository, reference.tag);
  if (manifest === undefined) {
    const wanted = reference.kind === "digest" ? reference.digest : reference.tag;
    throw new RegistryError("MANIFEST_UNKNOWN", { detail: { name, reference: wanted } });
  }
  demandUnlocked("read", `the manifest ${manifest.digest}`, manifest.locks);
  return manifest;
}

/** A tag may move while it is followed, and what it left may be deleted: it counts as absent only if it stayed. */
async function readTagged(
  ports: Ports,
  repository: Repository,
  tag: Tag,
): Promise<ManifestDocument | undefined> {
  let followed: string | undefined;
  const found = await untilSettled(async () => {
    const stored = await findTag(ports, repository, tag);
    if (stored === undefined || stored.etag === followed) return "absent";
    followed = stored.etag;
    demandUnlocked("read", `the tag ${tag}`, stored.document.locks);
    return (await findManifest(ports, repository, stored.document.digest))?.document;
  });
  return found === "absent" ? undefined : found;
}

/** The manifest's exact bytes: from its document when they are there, else from its place. */
export async function openManifest(
  ports: Ports,
  manifest: ManifestDocument,
): Promise<string | AsyncIterable<Uint8Array>> {
  const { content, place, size, createdAt } = manifest;
  if (content !== undefined) return content;
  // The bytes were at their place before the document was made.
  const bytes = place === undefined ? undefined : await ports.blobs.open(place, 0, size - 1, createdAt);
  if (bytes === undefined) throw new Error(`no bytes for the manifest ${manifest.digest}`);
  return bytes;
}

/** The manifest's bytes as text; it has at most `manifestBytesMax`. */
export async function manifestText(ports: Ports, manifest: ManifestDocument): Promise<string> {
  const opened = await openManifest(ports, manifest);
  if (typeof opened === "string") return opened;
  const pieces: Uint8Array[] = [];
  for await (const piece of opened) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}
