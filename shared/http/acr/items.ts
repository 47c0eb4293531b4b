import type { TagDocument } from "../../catalog/documents.ts";
import type { TaggedManifest } from "../../catalog/lists/manifest-pages.ts";
import { describeManifest } from "../../registry/inventory/describe-manifest.ts";
import type { RepositoryExchange } from "../exchange.ts";
import { attributesOf } from "./attributes.ts";

/** What every answer about a repository begins with. */
export function headOf({ host, prefix, name }: RepositoryExchange): Readonly<Record<string, string>> {
  return { registry: host, imageName: prefix + name };
}

/** A list; left out when it is empty, as the hosted service does and its own command line program relies on. */
export function listOf(
  name: string,
  items: readonly unknown[],
): Readonly<Record<string, readonly unknown[]>> {
  return items.length === 0 ? {} : { [name]: items };
}

/** ms since 1970 as the hosted service writes times. */
export function timestamp(millis: number): string {
  return new Date(millis).toISOString();
}

/** @see https://learn.microsoft.com/rest/api/containerregistry/tag/get-attributes */
export function tagItem(tag: TagDocument): unknown {
  return {
    name: tag.tag,
    digest: tag.digest,
    createdTime: timestamp(tag.createdAt),
    lastUpdateTime: timestamp(tag.updatedAt),
    signed: false,
    changeableAttributes: attributesOf(tag.locks),
  };
}

/**
 * @param whole with the platforms of an index's manifests
 * @see https://learn.microsoft.com/rest/api/containerregistry/manifests/get-attributes
 */
export function manifestItem({ manifest, tags }: TaggedManifest, whole: boolean): unknown {
  const { imageSize, configMediaType, references } = describeManifest(manifest);
  return {
    digest: manifest.digest,
    imageSize,
    createdTime: timestamp(manifest.createdAt),
    lastUpdateTime: timestamp(manifest.updatedAt),
    mediaType: manifest.mediaType,
    ...(configMediaType === undefined ? {} : { configMediaType }),
    ...(whole && references !== undefined ? { references } : {}),
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    ...(tags.length === 0 ? {} : { tags }),
    changeableAttributes: attributesOf(manifest.locks),
  };
}
