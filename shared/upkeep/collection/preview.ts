import { listRepositories } from "../../catalog/catalog-entries.ts";
import type { DeletedTagDocument, UnlinkedDocument } from "../../catalog/collection-documents.ts";
import type { ManifestDocument } from "../../catalog/documents.ts";
import { listLeftGenerations } from "../../catalog/generations.ts";
import { endOfPrefix, ids, ranks } from "../../catalog/keys.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { findRepository, type Repository } from "../../catalog/repositories.ts";
import type { Digest } from "../../domain/digest.ts";
import type { RepositoryName, Tag } from "../../domain/name.ts";
import type { Document } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import { readLinks } from "./unneeded-links.ts";

/** Something that collection takes, or will take if nothing changes. */
export interface Candidate {
  readonly kind: "blob" | "holder" | "manifest" | "tag" | "generation";
  readonly repository: RepositoryName;
  readonly digest?: Digest;
  readonly tag?: Tag;
  readonly generation?: string;
  /** Bytes, where they are known. Those of a blob come free if no other repository holds it. */
  readonly size?: number;
  /** From when it is taken, in ms since 1970. */
  readonly from: number;
  readonly reason: string;
}

export interface CandidatePage {
  readonly candidates: readonly Candidate[];
  /** The name behind which the next page begins; undefined when there is none. A page can be empty and not be the last. */
  readonly next: RepositoryName | undefined;
}

const dayMillis = 24 * 3600 * 1000;
/** Repositories that one page looks through, and candidates of each kind that it tells of one. */
const repositoriesPerPage = 20;
const candidatesOfKind = 1_000;

/** What collection would take from some repositories, and why; nothing is changed. @param after the repository to start behind */
export async function previewCollection(
  ports: Ports,
  registry: RegistryDocument,
  after: string | undefined,
): Promise<CandidatePage> {
  const { names, more } = await listRepositories(ports, registry, after, repositoriesPerPage, {
    which: "all",
  });
  const candidates: Candidate[] = [];
  for (const name of names) {
    const repository = await findRepository(ports, registry, name);
    if (repository !== undefined) {
      candidates.push(...(await loose(ports, repository)), ...(await expiring(ports, repository)));
    }
    candidates.push(...(await left(ports, registry, name)));
  }
  return { candidates, next: more ? names.at(-1) : undefined };
}

/** Blobs that no manifest needs, and those that have been taken and are still held. */
async function loose(ports: Ports, repository: Repository): Promise<Candidate[]> {
  const { name } = repository;
  const skew = ports.graces.skewSeconds * 1000;
  const candidates: Candidate[] = [];
  for (let after: string | undefined, more = true; more && candidates.length < candidatesOfKind; ) {
    const page = await readLinks(ports, repository, after);
    const links = [...page.unneeded.map(({ document }) => document), ...page.leased];
    for (const { digest, size, leaseUntil } of links) {
      const reason = "no manifest of the repository needs it, and its lease ends then";
      candidates.push({ kind: "blob", repository: name, digest, size, from: leaseUntil + skew, reason });
    }
    after = page.after;
    more = after !== undefined;
  }
  const notes = await firstOf<UnlinkedDocument>(ports, repository.partition, "id", ids.allUnlinked);
  for (const { digest, since } of notes) {
    const reason = "the repository has given it up, and it is held until the blob's lease ends";
    candidates.push({ kind: "holder", repository: name, digest, from: since, reason });
  }
  return candidates;
}

/** What can be restored until it has been deleted for long enough. */
async function expiring(ports: Ports, repository: Repository): Promise<Candidate[]> {
  const { softDelete } = repository.registry.policies;
  if (softDelete === undefined) return [];
  const { days } = softDelete;
  const reason = `it was deleted, and can be restored for ${days} days`;
  const deleted = await firstOf<ManifestDocument | DeletedTagDocument>(
    ports,
    repository.partition,
    "rank",
    ranks.deleted,
  );
  return deleted.map((document) => {
    const from = (document.deletedAt ?? 0) + days * dayMillis;
    const facts = { repository: repository.name, digest: document.digest, from, reason };
    return document.kind === "manifest"
      ? { kind: "manifest", ...facts, size: document.size }
      : { kind: "tag", ...facts, tag: document.tag };
  });
}

/** What the repository was before it was deleted. */
async function left(ports: Ports, registry: RegistryDocument, name: RepositoryName): Promise<Candidate[]> {
  const { purgeSeconds, skewSeconds } = ports.graces;
  const days = registry.policies.softDelete?.days ?? 0;
  return (await listLeftGenerations(ports, registry, name)).map(({ document }) => {
    const { generation, deletedAt, state } = document;
    const from = deletedAt + skewSeconds * 1000 + (state === "kept" ? days * dayMillis : purgeSeconds * 1000);
    const reason =
      state === "kept"
        ? `the repository was deleted, and can be restored for ${days} days`
        : "the repository was deleted, and requests that had begun before are over then";
    return { kind: "generation", repository: name, generation, from, reason };
  });
}

async function firstOf<D extends Document>(
  ports: Ports,
  partition: string,
  by: "id" | "rank",
  prefix: string,
): Promise<D[]> {
  const page = await ports.documents.list(partition, {
    by,
    after: prefix,
    before: endOfPrefix(prefix),
    limit: candidatesOfKind,
    fresh: true,
  });
  return page.documents.map(({ document }) => document as D);
}
