import type { TagDocument } from "../../catalog/documents.ts";
import type { Repository } from "../../catalog/repositories.ts";
import { findTag } from "../../catalog/tags.ts";
import { RegistryError } from "../../domain/errors.ts";
import { asTag } from "../../domain/name.ts";
import type { RepositoryExchange } from "../exchange.ts";

/** @throws RegistryError NAME_UNKNOWN */
export async function demandRepository({
  registry,
  repositories,
  name,
}: RepositoryExchange): Promise<Repository> {
  const repository = await repositories.find(registry, name);
  if (repository === undefined) throw new RegistryError("NAME_UNKNOWN", { detail: { name } });
  return repository;
}

/** @throws RegistryError NAME_UNKNOWN, TAG_UNKNOWN */
export async function demandTag(exchange: RepositoryExchange, text: string): Promise<TagDocument> {
  const repository = await demandRepository(exchange);
  const tag = asTag(text);
  const stored = tag === undefined ? undefined : await findTag(exchange.ports, repository, tag);
  if (stored === undefined) throw unknownTag(exchange, text);
  return stored.document;
}

export function unknownTag({ name }: RepositoryExchange, text: string): RegistryError {
  return new RegistryError("TAG_UNKNOWN", { detail: { name, tag: text.slice(0, 200) } });
}

export function unknownManifest({ name }: RepositoryExchange, text: string): RegistryError {
  return new RegistryError("MANIFEST_UNKNOWN", { detail: { name, reference: text.slice(0, 200) } });
}
