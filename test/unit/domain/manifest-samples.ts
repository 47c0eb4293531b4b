import { parseManifest } from "../../../shared/domain/manifest.ts";
import { mediaTypes } from "../../../shared/domain/media-type.ts";

export const configType = "application/vnd.oci.image.config.v1+json";
export const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** A digest that is told apart by a number. */
export const digest = (n: number) => `sha256:${n.toString(16).padStart(64, "0")}`;

export const descriptor = (n: number, more: object = {}) => ({
  mediaType: layerType,
  digest: digest(n),
  size: n,
  ...more,
});

export const config = descriptor(1, { mediaType: configType });

export const image = (more: object = {}) => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config,
  layers: [],
  ...more,
});

export const index = (more: object = {}) => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [],
  ...more,
});

export const parseImage = (value: object) => parseManifest(mediaTypes.ociManifest, JSON.stringify(value));
export const parseIndex = (value: object) => parseManifest(mediaTypes.ociIndex, JSON.stringify(value));
export const parseOther = (value: unknown) =>
  parseManifest("application/vnd.acme+json", JSON.stringify(value));
