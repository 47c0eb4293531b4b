import type { Digest } from "../../domain/digest.ts";
import { limits } from "../../domain/limits.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { Operation } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { type ReferrerDocument, schema } from "../documents.ts";
import { endOfPrefix, ids } from "../keys.ts";
import type { Repository } from "../repositories.ts";

/**
 * A page of the manifests whose subject is `subject`, of one artifact type if asked.
 * @param after the id of the last referrer of the page before
 */
export async function listReferrers(
  ports: Ports,
  repository: Repository,
  subject: Digest,
  artifactType: string | undefined,
  after: string | undefined,
  limit: number,
): Promise<{ referrers: ReferrerDocument[]; more: boolean }> {
  const prefix =
    artifactType === undefined ? ids.referrers(subject) : ids.referrersOfType(subject, artifactType);
  const page = await ports.documents.list(repository.partition, {
    by: "id",
    after: after !== undefined && after > prefix ? after : prefix,
    before: endOfPrefix(prefix),
    limit,
    fresh: true,
  });
  return { referrers: page.documents.map((stored) => stored.document as ReferrerDocument), more: page.more };
}

/** The referrer of a manifest that has a subject; for the commit of the manifest. */
export function referrerOperation(
  { digest, manifest, size }: { readonly digest: Digest; readonly manifest: Manifest; readonly size: number },
  writer: string,
): Operation[] {
  if (manifest.subject === undefined) return [];
  const annotations = manifest.annotations;
  const small = JSON.stringify(annotations ?? {}).length <= limits.referrerAnnotationBytesMax;
  const document: ReferrerDocument = {
    id: ids.referrer(manifest.subject, manifest.artifactType ?? "", digest),
    kind: "referrer",
    schema,
    writer,
    subject: manifest.subject,
    digest,
    mediaType: manifest.mediaType,
    size,
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    ...(small && annotations !== undefined ? { annotations } : {}),
    annotationsInManifest: !small,
  };
  return [{ op: "upsert", document }];
}
