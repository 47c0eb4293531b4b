import type {
  DeletedTagDocument,
  LeftGenerationDocument,
} from "../../../shared/catalog/collection-documents.ts";
import type {
  BlobDocument,
  CatalogEntryDocument,
  CounterDocument,
  EdgeDocument,
  EventDocument,
  HolderDocument,
  LinkDocument,
  ManifestDocument,
  ManifestTagDocument,
  ReferrerDocument,
  RepositoryDocument,
  TagDocument,
} from "../../../shared/catalog/documents.ts";
import type { RepositoryName } from "../../../shared/domain/name.ts";
import type { MemoryDocuments } from "../../../shared/memory/documents.ts";

type Known =
  | BlobDocument
  | CatalogEntryDocument
  | CounterDocument
  | DeletedTagDocument
  | EdgeDocument
  | EventDocument
  | HolderDocument
  | LeftGenerationDocument
  | LinkDocument
  | ManifestDocument
  | ManifestTagDocument
  | ReferrerDocument
  | RepositoryDocument
  | TagDocument;

export type OfKind<K extends Known["kind"]> = Extract<Known, { kind: K }>;

/** All documents of the store at one moment, by partition and id. */
export class DocumentIndex {
  readonly #partitions = new Map<string, Map<string, Known>>();

  constructor(documents: MemoryDocuments) {
    for (const [partition, stored] of documents.everything()) {
      this.#partitions.set(
        partition,
        new Map(stored.map(({ document }) => [document.id, document as Known])),
      );
    }
  }

  get<K extends Known["kind"]>(kind: K, partition: string, id: string): OfKind<K> | undefined {
    const document = this.#partitions.get(partition)?.get(id);
    return document?.kind === kind ? (document as OfKind<K>) : undefined;
  }

  /** Which of these kinds are there at all. */
  kinds(...kinds: readonly Known["kind"][]): Known["kind"][] {
    return kinds.filter((kind) => this.all(kind).next().done !== true);
  }

  *all<K extends Known["kind"]>(kind: K): Generator<{ partition: string; document: OfKind<K> }> {
    for (const [partition, documents] of this.#partitions) {
      for (const document of documents.values()) {
        if (document.kind === kind) yield { partition, document: document as OfKind<K> };
      }
    }
  }
}

/** The repository whose content is in the partition. */
export function repositoryOf(partition: string): RepositoryName {
  return (partition.split("~")[2] ?? "") as RepositoryName;
}

/** The generation of it. */
export function generationOf(partition: string): string {
  return partition.split("~")[3] ?? "";
}

/** Takes note of what does not hold. */
export type Demand = (holds: boolean, problem: string) => void;
