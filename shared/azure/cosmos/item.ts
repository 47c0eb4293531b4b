import type { Document, Stored } from "../../ports/document-store.ts";

/** Seconds of the longest life that an item can have; a longer one is for ever. */
const ttlSecondsMax = 2_147_483_647;

/** A document as an item of the container. */
export type Item = Document & { readonly pk: string; readonly ttl?: number };

/**
 * A life counts from the item's last write, so it is measured anew at each.
 * @param nowMillis ms since 1970
 */
export function itemOf(partition: string, document: Document, nowMillis: number): Item {
  const { expiresAt } = document;
  if (expiresAt === undefined) return { ...document, pk: partition };
  const ttl = Math.max(1, Math.ceil(expiresAt - nowMillis / 1000));
  return ttl > ttlSecondsMax ? { ...document, pk: partition } : { ...document, pk: partition, ttl };
}

/** What came back from the service, with nothing of the service's own in the document. */
export function storedOf(item: Readonly<Record<string, unknown>>): Stored {
  const document: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(item)) {
    if (field !== "pk" && field !== "ttl" && !field.startsWith("_")) document[field] = value;
  }
  return { document: document as unknown as Document, etag: textField(item, "_etag") };
}

/** @throws Error when the service left out what every item has */
export function textField(item: Readonly<Record<string, unknown>>, field: string): string {
  const value = item[field];
  if (typeof value !== "string") throw new Error(`Cosmos DB gave an item without ${field}`);
  return value;
}
