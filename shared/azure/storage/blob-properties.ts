import type { BlobProperties } from "../../ports/blob-store.ts";

/** As blobs carry it. */
export type Metadata = Record<string, string>;

/** What committed bytes carry, so that documents can be rebuilt from the account. */
export function metadataOf(properties: BlobProperties): Metadata {
  const { registry, repository, digest, size } = properties;
  return { registry, repository, digest, size: String(size) };
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
