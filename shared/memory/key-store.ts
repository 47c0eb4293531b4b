import { RegistryError } from "../domain/errors.ts";
import type { KeyStore } from "../ports/key-store.ts";

/** The keys' text in memory. A test takes it away and gives it back. */
export class MemoryKeyStore implements KeyStore {
  /** Times that it was read, and tried to be. */
  reads = 0;
  /** Whether every call fails. */
  away = false;
  #text: string | undefined;

  /** @param text what was written last */
  constructor(text?: string) {
    this.#text = text;
  }

  async read(): Promise<string | undefined> {
    this.reads += 1;
    this.#demandHere();
    return this.#text;
  }

  async write(text: string): Promise<void> {
    this.#demandHere();
    this.#text = text;
  }

  #demandHere(): void {
    if (this.away) throw new RegistryError("UNAVAILABLE");
  }
}
