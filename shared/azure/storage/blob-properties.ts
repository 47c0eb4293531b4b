import type { BlobItem } from "@azure/storage-blob";
import { asDigest } from "../../domain/digest.ts";
import type { BlobProperties, Container, StoredBytes } from "../../ports/blob-store.ts";

/** As blobs carry it. */
export type Metadata = Record<string, string>;

/** What committed bytes carry, so that documents can be rebuilt from the account. */
export function metadataOf(properties: BlobProperties): Metadata {
  const { registry, repository, digest, size } = properties;
  return { registry, repository, digest, size: String(size) };
}

/** What blobs carry, or undefined when it is not what the registry writes. */
function propertiesOf(metadata: Metadata | undefined): BlobProperties | undefined {
  const { registry, repository, digest: text = "", size } = metadata ?? {};
  const digest = asDigest(text);
  if (registry === undefined || repository === undefined || digest === undefined) return undefined;
  return { registry, repository, digest, size: Number(size) };
}

/** One blob of a listing. */
export function storedBytes(
  { account, container }: Container,
  { name, metadata, properties }: BlobItem,
): StoredBytes {
  const kept = propertiesOf(metadata);
  return {
    place: { account, container, name },
    size: properties.contentLength ?? 0,
    committedAt: properties.lastModified.getTime(),
    ...(kept === undefined ? {} : { properties: kept }),
  };
}

/** Whether a blob is what a commit with these properties makes, so that a repeated commit finds its work done. */
export function carries(metadata: Metadata | undefined, properties: BlobProperties): boolean {
  return metadata?.["digest"] === properties.digest && metadata["size"] === String(properties.size);
}

/** Carried by blobs whose bytes nobody has acknowledged: blocks that were only committed in order to read them back. */
export const unfinished: Metadata = { state: "unfinished" };

export function isUnfinished(metadata: Metadata | undefined): boolean {
  return metadata?.["state"] === unfinished["state"];
}
