import { randomUUID } from "node:crypto";
import type { Document, DocumentStore, Operation, Stored } from "../../shared/ports/document-store.ts";

/** A document with something in it to tell versions apart. */
export interface Sample extends Document {
  readonly kind: "sample";
  readonly value: string;
}

export function sample(id: string, value = "", rank?: string): Sample {
  const base: Sample = { id, kind: "sample", schema: 1, writer: "contract", value };
  return rank === undefined ? base : { ...base, rank };
}

export const create = (document: Document): Operation => ({ op: "create", document });
export const upsert = (document: Document): Operation => ({ op: "upsert", document });
export const replace = (document: Document, etag: string): Operation => ({ op: "replace", document, etag });
export const remove = (id: string, etag: string): Operation => ({ op: "delete", id, etag });

/** A partition that nobody has used, named as the registry names them. */
export function newPartition(): string {
  return `r~${randomUUID()}~library/hello-world~01ARZ3NDEKTSV4RRFFQ69G5FAV`;
}

/** What is there, read fresh. */
export async function readFresh(
  store: DocumentStore,
  partition: string,
  id: string,
): Promise<Stored<Sample> | undefined> {
  return (await store.read(partition, id, { fresh: true })) as Stored<Sample> | undefined;
}

/** The document's present etag. @throws Error when it is not there */
export async function etagOf(store: DocumentStore, partition: string, id: string): Promise<string> {
  const stored = await readFresh(store, partition, id);
  if (stored === undefined) throw new Error(`${id} is not there`);
  return stored.etag;
}

/** Puts documents there, a commit at a time, without regard to what was there. */
export async function fill(
  store: DocumentStore,
  partition: string,
  documents: readonly Document[],
): Promise<void> {
  for (let from = 0; from < documents.length; from += 100) {
    const outcome = await store.commit(partition, documents.slice(from, from + 100).map(upsert));
    if (outcome !== "committed") throw new Error(`not committed: ${outcome}`);
  }
}
