import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import type { Repository } from "../../catalog/repositories.ts";
import { allows, type RepositoryGrant } from "../../domain/access/actions.ts";
import type { Exchange } from "../exchange.ts";

/** Whether the repository is open to everybody: all of its registry are, or this one is marked, and the registry lets marks count. */
export function isOpen(
  { policies }: RegistryDocument,
  repository: Pick<Repository, "anonymousPull">,
): boolean {
  const { anonymousPull } = policies;
  return anonymousPull === "all" || (anonymousPull === "selected" && repository.anonymousPull === true);
}

/** Whether the caller may read what is in the repository. */
export function mayPull({ caller, registry }: Exchange, repository: Repository): boolean {
  return allows(caller.grants, repository.name, "pull") || isOpen(registry, repository);
}

/** What the caller may see of lists of the registry, whatever his token was asked for. */
export async function grantsOf({
  identity,
  caller,
  registry,
}: Exchange): Promise<readonly RepositoryGrant[]> {
  return identity === undefined ? caller.grants : await identity.grantsOf(caller, registry);
}
