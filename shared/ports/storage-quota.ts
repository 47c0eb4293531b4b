import type { Tier } from "../domain/tiers/table.ts";

/** A registry, as far as it matters how much it may store. */
export interface QuotaHolder {
  readonly rid: string;
  readonly tier?: Tier;
}

/** What of its quota a registry has left. */
export interface StorageQuota {
  /** Bytes that are left, as of a moment ago; 0 when it is full. */
  left(registry: QuotaHolder): Promise<number>;
  /**
   * To be called before bytes are stored that the registry did not have.
   * @throws RegistryError DENIED when so many are not left
   */
  reserve(registry: QuotaHolder, bytes: number): Promise<void>;
}
