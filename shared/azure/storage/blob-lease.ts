import { randomUUID } from "node:crypto";
import type { Place } from "../../domain/place.ts";
import type { StorageAccount } from "./account.ts";
import { budgets, unless } from "./call.ts";

/** Seconds after which a lease ends by itself when its holder is gone. */
const leaseSeconds = 30;

/**
 * Runs `action` while nobody else can stage or commit anything at the place: whoever tries waits. A holder that is too slow
 * loses the lease, and then what it does by the lease's id fails.
 * @param action is given no id where the service leases no blob that has not been committed yet
 * @see https://learn.microsoft.com/rest/api/storageservices/lease-blob
 */
export async function withLease<T>(
  account: StorageAccount,
  place: Place,
  action: (leaseId: string | undefined) => Promise<T>,
): Promise<T> {
  // The same id in every attempt, so that one whose reply was lost does no harm.
  const leaseId = randomUUID();
  const acquire = account.call("LeaseBlob", budgets.small, place.container, async (client, abortSignal) => {
    const lease = client.getBlobClient(place.name).getBlobLeaseClient(leaseId);
    await lease.acquireLease(leaseSeconds, { abortSignal });
    return leaseId;
  });
  const held = await unless(["BlobNotFound"], acquire);
  try {
    return await action(held);
  } finally {
    if (held !== undefined) await release(account, place, held);
  }
}

async function release(account: StorageAccount, place: Place, leaseId: string): Promise<void> {
  const end = account.call("LeaseBlob", budgets.small, place.container, async (client, abortSignal) => {
    await client.getBlobClient(place.name).getBlobLeaseClient(leaseId).releaseLease({ abortSignal });
  });
  // It ends by itself.
  await end.catch(() => {});
}
