import type { Digest } from "../domain/digest.ts";
import type { Ports } from "../ports/ports.ts";
import type { ReferrerDocument } from "./documents.ts";
import { endOfPrefix, ids } from "./keys.ts";
import type { Repository } from "./repositories.ts";

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
