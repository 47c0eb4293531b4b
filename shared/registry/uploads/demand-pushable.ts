import type { Lock } from "../../catalog/documents.ts";
import { demandUnlocked } from "../../catalog/locks/locks.ts";
import type { RepositoryName } from "../../domain/name.ts";

/**
 * Refuses what would be pushed to a repository that is locked. When an upload starts it asks with what is remembered, so that it costs
 * nothing: a client has usually asked for the blob just before. Where nothing is, the upload is refused when its blob is to be linked.
 * @throws RegistryError DENIED
 */
export function demandPushable(name: RepositoryName, locks: readonly Lock[] | undefined): void {
  demandUnlocked("write", `the repository ${name}`, locks);
}
