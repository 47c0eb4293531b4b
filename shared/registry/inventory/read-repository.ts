import type { RepositoryDocument } from "../../catalog/documents.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { readHeader } from "../../catalog/repositories.ts";
import { noFigures, readRepositoryUsage } from "../../catalog/usage.ts";
import { RegistryError } from "../../domain/errors.ts";
import type { RepositoryName } from "../../domain/name.ts";
import type { Ports } from "../../ports/ports.ts";

/** A repository with how much is in it. */
export interface CountedRepository {
  readonly header: RepositoryDocument;
  readonly manifests: number;
  readonly tags: number;
  /** ms since 1970: when that last changed, as far as it has been counted. */
  readonly changedAt: number;
}

/**
 * The repository with its figures, which follow what is pushed and deleted by seconds. Two reads, however much is in it.
 * @throws RegistryError NAME_UNKNOWN
 */
export async function readRepository(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
): Promise<CountedRepository> {
  const header = (await readHeader(ports, registry, name))?.document;
  if (header?.state !== "live") throw new RegistryError("NAME_UNKNOWN", { detail: { name } });
  const usage = await readRepositoryUsage(ports, registry.rid, name, header.generation);
  const { manifests, tags } = usage?.document.figures ?? noFigures;
  return { header, manifests, tags, changedAt: usage?.document.updatedAt ?? header.createdAt };
}
