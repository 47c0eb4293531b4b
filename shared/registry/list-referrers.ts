import type { ReferrerDocument } from "../catalog/documents.ts";
import { listReferrers as listCatalogReferrers } from "../catalog/lists/referrers.ts";
import { findManifest } from "../catalog/manifests.ts";
import type { Repository } from "../catalog/repositories.ts";
import type { Digest } from "../domain/digest.ts";
import { limits } from "../domain/limits.ts";
import { parseManifest } from "../domain/manifest.ts";
import type { Ports } from "../ports/ports.ts";
import { manifestText } from "./read-manifest.ts";

/** A referrer as the index of referrers shows it. */
export interface ReferrerDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ReferrersPage {
  readonly descriptors: readonly ReferrerDescriptor[];
  /** Where the next page starts; undefined when this is the last one. */
  readonly next: string | undefined;
}

/**
 * A page of the manifests that name `subject`, which need not exist itself.
 * @param after `next` of the page before
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export async function listReferrers(
  ports: Ports,
  repository: Repository | undefined,
  subject: Digest,
  artifactType: string | undefined,
  after: string | undefined,
  limit: number,
): Promise<ReferrersPage> {
  if (repository === undefined || limit === 0) return { descriptors: [], next: undefined };
  const page = await listCatalogReferrers(ports, repository, subject, artifactType, after, limit);
  const descriptors: ReferrerDescriptor[] = [];
  let bytes = 0;
  for (const [index, referrer] of page.referrers.entries()) {
    const last = page.referrers[index - 1];
    const descriptor = await describe(ports, repository, referrer);
    bytes += JSON.stringify(descriptor).length;
    if (bytes > limits.referrersPageBytesMax && last !== undefined) return { descriptors, next: last.id };
    // Two types may share a hash.
    if (artifactType === undefined || referrer.artifactType === artifactType) descriptors.push(descriptor);
  }
  return { descriptors, next: page.more ? page.referrers.at(-1)?.id : undefined };
}

async function describe(
  ports: Ports,
  repository: Repository,
  referrer: ReferrerDocument,
): Promise<ReferrerDescriptor> {
  const { mediaType, digest, size, artifactType } = referrer;
  const annotations = referrer.annotationsInManifest
    ? await readAnnotations(ports, repository, digest)
    : referrer.annotations;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** Annotations too large for the referrer's document are in the manifest. */
async function readAnnotations(
  ports: Ports,
  repository: Repository,
  digest: Digest,
): Promise<Readonly<Record<string, string>> | undefined> {
  const manifest = await findManifest(ports, repository, digest);
  if (manifest === undefined) return undefined;
  const text = await manifestText(ports, manifest.document);
  return parseManifest(manifest.document.mediaType, text).annotations;
}
