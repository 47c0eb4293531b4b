/** By what a store's failure is explained; each adapter knows its own roles and settings. */
export interface Explanations {
  documents(error: unknown): string | undefined;
  /** @param account the alias of the account */
  blobs(error: unknown, account: string): string | undefined;
  work(error: unknown): string | undefined;
  keys(error: unknown): string | undefined;
}
