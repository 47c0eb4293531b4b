import { createHash } from "node:crypto";
import { type Digest, digestOf } from "../../../shared/domain/digest.ts";
import { mediaTypes } from "../../../shared/domain/media-type.ts";

/** `count` bytes that differ with `seed` and hold every value. */
export function bytes(count: number, seed = 0): Buffer {
  const result = Buffer.alloc(count);
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  for (let index = 0; index < count; index++) {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    result[index] = state >>> 24;
  }
  return result;
}

export function sha256(content: Uint8Array | string): Digest {
  return digestOf("sha256", createHash("sha256").update(content).digest("hex"));
}

export function sha512(content: Uint8Array | string): Digest {
  return digestOf("sha512", createHash("sha512").update(content).digest("hex"));
}

/** A digest that nothing has. */
export const absentDigest = sha256("nothing has this digest");

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export function descriptorOf(content: Uint8Array | string, mediaType: string): Descriptor {
  return { mediaType, digest: sha256(content), size: Buffer.byteLength(content) };
}

/** The config that `imageManifest` names. */
export const emptyConfig = "{}";
export const configType = "application/vnd.oci.image.config.v1+json";
export const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** An image manifest with the empty config; `extra` adds to it or replaces its fields. */
export function imageManifest(
  layers: readonly Descriptor[] = [],
  extra: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptorOf(emptyConfig, configType),
    layers,
    ...extra,
  });
}

export function indexManifest(
  manifests: readonly Descriptor[] = [],
  extra: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, ...extra });
}
