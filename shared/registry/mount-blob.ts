import { findLink, holdBlob, listHolders } from "../catalog/blobs.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { ensureRepository, findRepository, type Repository } from "../catalog/repositories.ts";
import type { Digest } from "../domain/digest.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";
import { demandPushable } from "./uploads/demand-pushable.ts";

/** Holders looked at when the client does not say where the blob is. */
const sourcesTried = 20;

/**
 * Makes a blob of another repository of the registry readable in this one, without its bytes.
 * @param from the repository that has it; undefined: any that does
 * @param readable whether the caller may read what is in that repository
 * @throws RegistryError DENIED when the target is locked
 * @returns false when there is none, and then the client uploads it: absent and forbidden look the same
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#mounting-a-blob-from-another-repository
 */
export async function mountBlob(
  ports: Ports,
  registry: RegistryDocument,
  target: RepositoryName,
  digest: Digest,
  from: RepositoryName | undefined,
  readable: (repository: Repository) => boolean,
): Promise<boolean> {
  const sources = from === undefined ? await holdersOf(ports, registry, digest) : [from];
  for (const source of sources) {
    const repository = await findRepository(ports, registry, source);
    if (repository === undefined || repository.locks?.includes("read") === true) continue;
    if (!readable(repository)) continue;
    if ((await findLink(ports, repository, digest)) === undefined) continue;
    const into = await ensureRepository(ports, registry, target);
    demandPushable(target, into.locks);
    return (await holdBlob(ports, into, digest, undefined, "blob-mount")) !== undefined;
  }
  return false;
}

async function holdersOf(
  ports: Ports,
  registry: RegistryDocument,
  digest: Digest,
): Promise<RepositoryName[]> {
  const holders = await listHolders(ports, registry.rid, digest, sourcesTried);
  return holders.map((holder) => holder.repository);
}
