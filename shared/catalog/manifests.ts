import type { Digest } from "../domain/digest.ts";
import type { Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import { leaseHolds, newLease, readAs, untilSettled } from "./commit.ts";
import type { ManifestDocument } from "./documents.ts";
import { ids } from "./keys.ts";
import type { Repository } from "./repositories.ts";

/** The manifest, or undefined when it is not there or being deleted. One read. */
export async function findManifest(
  ports: Ports,
  repository: Repository,
  digest: Digest,
): Promise<Stored<ManifestDocument> | undefined> {
  const stored = await readManifest(ports, repository, digest);
  return stored?.document.state === "live" ? stored : undefined;
}

/** The manifest's document in whatever state. */
export async function readManifest(
  ports: Ports,
  repository: Repository,
  digest: Digest,
): Promise<Stored<ManifestDocument> | undefined> {
  return await readAs<ManifestDocument>(
    ports.documents,
    repository.partition,
    ids.manifest(digest),
    "manifest",
  );
}

/** Makes sure that the manifest outlives this request, so that an index may name it. @returns whether it is there */
export async function leaseManifest(ports: Ports, repository: Repository, digest: Digest): Promise<boolean> {
  return await untilSettled(async () => {
    const stored = await findManifest(ports, repository, digest);
    if (stored === undefined) return false;
    if (leaseHolds(ports, stored.document.leaseUntil)) return true;
    const document: ManifestDocument = {
      ...stored.document,
      leaseUntil: newLease(ports),
      writer: ports.ids.nonce(),
    };
    const outcome = await ports.documents.commit(repository.partition, [
      { op: "replace", document, etag: stored.etag },
    ]);
    return outcome === "committed" ? true : undefined;
  });
}
