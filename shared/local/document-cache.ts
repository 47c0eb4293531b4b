import type { Stored } from "../ports/document-store.ts";

interface Cached {
  readonly sequence: number;
  readonly stored: Stored;
  readonly bytes: number;
}

/**
 * Parsed documents by key. It saves the parsing, not the read: a cached document counts only while the sequence number of
 * the stored record, just read, is the same, so it can never be stale, whoever writes. It holds two generations; when the
 * young one is full it becomes the old one, and what the old one still held is forgotten.
 */
export class DocumentCache {
  readonly #generationBytesMax: number;
  #young = new Map<string, Cached>();
  #old = new Map<string, Cached>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#generationBytesMax = bytesMax / 2;
  }

  get(key: string, sequence: number): Stored | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young.sequence === sequence ? young.stored : undefined;
    const old = this.#old.get(key);
    if (old === undefined || old.sequence !== sequence) return undefined;
    this.#add(key, old);
    return old.stored;
  }

  /** @param bytes of the record; parsed it takes several times as much */
  set(key: string, sequence: number, stored: Stored, bytes: number): void {
    freeze(stored);
    this.#add(key, { sequence, stored, bytes });
  }

  #add(key: string, cached: Cached): void {
    if (this.#bytes + cached.bytes > this.#generationBytesMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(key, cached);
    this.#bytes += cached.bytes;
  }
}

/** A cached document is handed to many: nobody may change it. */
function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
