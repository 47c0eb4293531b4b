import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { findRepository } from "../catalog/repositories.ts";
import type { Digest } from "../domain/digest.ts";
import type { RepositoryName, Tag } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";
import { manifestText, readManifest } from "./read-manifest.ts";
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
  const bytes = Buffer.from(await manifestText(ports, manifest));
  await writeManifest(ports, registry, name, {
    reference,
    tags: [tag],
    mediaType: manifest.mediaType,
    bytes,
  });
}
