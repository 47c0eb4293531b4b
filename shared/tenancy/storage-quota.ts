import { readAs, untilSettled } from "../catalog/commit.ts";
import { schema } from "../catalog/documents.ts";
import { ids, partitions } from "../catalog/keys.ts";
import type { QuotaDocument } from "../catalog/registry-documents.ts";
import { readRegistryUsage, storedBytes } from "../catalog/usage.ts";
import { limits } from "../domain/limits.ts";
import { storageFull } from "../domain/tiers/refusals.ts";
import { figuresOf } from "../domain/tiers/table.ts";
import type { Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { QuotaHolder, StorageQuota } from "../ports/storage-quota.ts";

/** Up to such a part of what is left is stored without a reservation: as many would have to come before the usage figures tell of them. */
const unreservedPart = 10_000;

interface Remembered {
  readonly stored: Promise<number>;
  /** ms since 1970 */
  readonly readAt: number;
}

/**
 * What registries have left of `storageBytesMax`, by their usage figures, which are seconds late. Who wants much of what is left
 * reserves it by compare-and-set, so that many at once do not get it: a reservation counts until the figures have what it was for.
 */
export class UsageQuota implements StorageQuota {
  readonly #ports: Pick<Ports, "documents" | "clock" | "ids" | "tiers">;
  readonly #remembered = new Map<string, Remembered>();

  constructor(ports: Pick<Ports, "documents" | "clock" | "ids" | "tiers">) {
    this.#ports = ports;
  }

  async left(registry: QuotaHolder): Promise<number> {
    const now = this.#ports.clock.now();
    const known = this.#remembered.get(registry.rid);
    const isFresh = known !== undefined && now - known.readAt < limits.usageCacheSeconds * 1000;
    return this.#leftOf(registry, await (isFresh ? known.stored : this.#read(registry.rid, now)));
  }

  async reserve(registry: QuotaHolder, bytes: number): Promise<void> {
    if (bytes <= (await this.left(registry)) / unreservedPart) return;
    const { documents, clock, ids: nonces, tiers } = this.#ports;
    await untilSettled(async () => {
      const now = clock.now();
      const [stored, before] = await Promise.all([
        this.#read(registry.rid, now),
        readAs<QuotaDocument>(documents, partitions.usage(registry.rid), ids.quota, "quota"),
      ]);
      const reserved = (before?.document.reserved ?? []).filter(({ until }) => until > now);
      const sum = reserved.reduce((total, reservation) => total + reservation.bytes, 0);
      if (bytes > this.#leftOf(registry, stored + sum)) throw storageFull(tiers, registry);
      const document: QuotaDocument = {
        id: ids.quota,
        kind: "quota",
        schema,
        writer: nonces.nonce(),
        reserved: withReservation(reserved, bytes, now),
      };
      const outcome = await documents.commit(partitions.usage(registry.rid), [operationOf(document, before)]);
      return outcome === "committed" ? true : undefined;
    });
  }

  #leftOf(registry: QuotaHolder, stored: number): number {
    return Math.max(0, figuresOf(this.#ports.tiers, registry).storageBytesMax - stored);
  }

  async #read(rid: string, readAt: number): Promise<number> {
    const stored = readRegistryUsage(this.#ports, rid).then(storedBytes);
    this.#remembered.delete(rid);
    this.#remembered.set(rid, { stored, readAt });
    const oldest = this.#remembered.keys().next().value;
    if (this.#remembered.size > limits.registriesCachedMax && oldest !== undefined)
      this.#remembered.delete(oldest);
    try {
      return await stored;
    } catch (error) {
      this.#remembered.delete(rid);
      throw error;
    }
  }
}

type Reservations = QuotaDocument["reserved"];

/** Those of one second are one, so that there are never many. */
function withReservation(reserved: Reservations, bytes: number, now: number): Reservations {
  const until = (Math.ceil(now / 1000) + limits.reservationSeconds) * 1000;
  const same = reserved.find((reservation) => reservation.until === until);
  return [
    ...reserved.filter((reservation) => reservation !== same),
    { bytes: bytes + (same?.bytes ?? 0), until },
  ];
}

function operationOf(document: QuotaDocument, before: Stored<QuotaDocument> | undefined) {
  return before === undefined
    ? ({ op: "create", document } as const)
    : ({ op: "replace", document, etag: before.etag } as const);
}
