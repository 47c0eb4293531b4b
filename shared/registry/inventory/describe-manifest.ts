import type { ManifestDocument } from "../../catalog/documents.ts";

/** What a manifest's own bytes say of the image. */
export interface ManifestFacts {
  /** Bytes of its config and layers; of an index, and of what is no image, its own. */
  readonly imageSize: number;
  readonly configMediaType?: string;
  /** Of an index: its manifests, with the platforms that it says they are for. */
  readonly references?: readonly PlatformReference[];
}

export interface PlatformReference {
  readonly digest: string;
  readonly architecture?: string;
  readonly os?: string;
}

/**
 * What can be known of a manifest without reading any other bytes. Nothing but its own size if it is too large to be kept in its
 * document.
 */
export function describeManifest({ content, size }: ManifestDocument): ManifestFacts {
  const json: unknown = content === undefined ? undefined : JSON.parse(content);
  if (!isObject(json)) return { imageSize: size };
  if (Array.isArray(json["manifests"])) {
    return { imageSize: size, references: json["manifests"].flatMap(referenceOf) };
  }
  const { config, layers } = json;
  const configMediaType = isObject(config) ? config["mediaType"] : undefined;
  const parts = [config, ...(Array.isArray(layers) ? (layers as unknown[]) : [])];
  const imageSize = Array.isArray(layers) ? parts.reduce<number>((sum, part) => sum + sizeOf(part), 0) : size;
  return { imageSize, ...(typeof configMediaType === "string" ? { configMediaType } : {}) };
}

function referenceOf(descriptor: unknown): PlatformReference[] {
  if (!isObject(descriptor) || typeof descriptor["digest"] !== "string") return [];
  const platform = isObject(descriptor["platform"]) ? descriptor["platform"] : {};
  const { architecture, os } = platform;
  return [
    {
      digest: descriptor["digest"],
      ...(typeof architecture === "string" ? { architecture } : {}),
      ...(typeof os === "string" ? { os } : {}),
    },
  ];
}

function sizeOf(descriptor: unknown): number {
  const size = isObject(descriptor) ? descriptor["size"] : undefined;
  return typeof size === "number" ? size : 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
