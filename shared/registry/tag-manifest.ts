import type { RegistryDocument } from "../catalog/documents.ts";
import { findRepository } from "../catalog/repositories.ts";
import type { Digest } from "../domain/digest.ts";
import type { RepositoryName, Tag } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";
import { openManifest, readManifest } from "./read-manifest.ts";
import { writeManifest } from "./write-manifest.ts";

/**
 * Points the tag at a manifest that is there, as pushing it again with that tag would.
 * @throws RegistryError MANIFEST_UNKNOWN, or what a push can fail with
 */
export async function tagManifest(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  tag: Tag,
  digest: Digest,
): Promise<void> {
  const repository = await findRepository(ports, registry, name);
  const reference = { kind: "digest", digest } as const;
  const manifest = await readManifest(ports, repository, name, reference);
  const bytes = await bytesOf(await openManifest(ports, manifest));
  await writeManifest(ports, registry, name, {
    reference,
    tags: [tag],
    mediaType: manifest.mediaType,
    bytes,
  });
}

/** A manifest has at most `manifestBytesMax`. */
async function bytesOf(content: string | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (typeof content === "string") return Buffer.from(content);
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}
