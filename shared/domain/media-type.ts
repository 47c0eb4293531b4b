import { RegistryError } from "./errors.ts";
import { limits } from "./limits.ts";

export const mediaTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

const grammar = /^[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]*\/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]*$/;
/** Schema 1 can be signed and is not content-addressed by its bytes; no current client pushes it. */
const schema1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(json|prettyjws)$/i;

/**
 * The media type of a `Content-Type` header without its parameters, which the spec says to ignore.
 * @throws RegistryError MANIFEST_INVALID when it cannot be the type of a JSON manifest
 */
export function parseManifestMediaType(header: string): string {
  const type = (header.split(";", 1)[0] ?? "").trim();
  if (type.length > limits.mediaTypeCharsMax || !grammar.test(type)) {
    throw new RegistryError("MANIFEST_INVALID", { message: "Content-Type is no media type" });
  }
  if (schema1.test(type)) {
    throw new RegistryError("MANIFEST_INVALID", {
      message: "Docker image manifest schema 1 is not accepted",
    });
  }
  if (!isJson(type)) {
    throw new RegistryError("MANIFEST_INVALID", { message: "a manifest's Content-Type ends in +json" });
  }
  return type;
}

/** Whether manifests can be of this type: any that says that it is JSON. */
export function isJson(mediaType: string): boolean {
  return /^application\/json$|\+json$/i.test(mediaType);
}

/** Layers that need not be in the registry: they are fetched from elsewhere. */
export function isNonDistributable(mediaType: string): boolean {
  return (
    mediaType.startsWith("application/vnd.oci.image.layer.nondistributable.") ||
    mediaType.startsWith("application/vnd.docker.image.rootfs.foreign.")
  );
}
