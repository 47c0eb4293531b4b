import { holdBlob } from "../../../shared/catalog/blobs.ts";
import { commitManifest } from "../../../shared/catalog/manifest-commit.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { ensureRepository } from "../../../shared/catalog/repositories.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { parseManifest } from "../../../shared/domain/manifest.ts";
import type { RegistryName, RepositoryName, Tag } from "../../../shared/domain/name.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const type = "application/vnd.oci.image.manifest.v1+json";

/** A registry in memory. */
export async function open(softDelete = true) {
  const opened = openMemoryPorts();
  const registry = await ensureRegistry(opened.ports, "registry" as RegistryName, {
    sparseManifests: false,
    softDelete: { enabled: softDelete, days: 7 },
  });
  return { ...opened, registry };
}

export async function pushBlob(
  ports: Ports,
  registry: RegistryDocument,
  name: string,
  text: string,
): Promise<Digest> {
  const digest = digestBytes("sha256", Buffer.from(text));
  const repository = await ensureRepository(ports, registry, name as RepositoryName);
  const place = { account: "local", container: registry.rid, name: `u/2026-01-01/${ports.ids.nonce()}` };
  await holdBlob(ports, repository, digest, { place, size: text.length }, "blob-push");
  return digest;
}

/** An image of blobs with these texts. */
export async function pushImage(
  ports: Ports,
  registry: RegistryDocument,
  name: string,
  tag: string,
  texts: readonly string[],
): Promise<Digest> {
  const layers: object[] = [];
  for (const text of texts) {
    const digest = await pushBlob(ports, registry, name, text);
    layers.push({ mediaType: "application/octet-stream", digest, size: text.length });
  }
  const [config] = layers;
  const content = JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers });
  const digest = digestBytes("sha256", Buffer.from(content));
  const manifest = parseManifest(type, content);
  const pushed = { digest, manifest, size: content.length, content, place: undefined };
  const repository = await ensureRepository(ports, registry, name as RepositoryName);
  await commitManifest(ports, repository, pushed, [tag as Tag]);
  return digest;
}
