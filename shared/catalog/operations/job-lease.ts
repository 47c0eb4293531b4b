import type { Ports } from "../../ports/ports.ts";
import type { JobLeaseDocument } from "../collection-documents.ts";
import { readAs } from "../commit.ts";
import { schema } from "../documents.ts";
import { ids, partitions } from "../keys.ts";

/** Seconds that a job is one process's own, unless it ends before. */
const usualLeaseSeconds = 300;

type LeasePorts = Pick<Ports, "documents" | "ids" | "clock">;

/**
 * Does a job unless another process is at it. That saves work and no more: a process that stalls longer than its lease meets the
 * next one at the documents' etags. Work that has no etag to meet asks `held` right before it writes.
 * @param job one word
 * @returns false when another process has it
 */
export async function asOnlyOne(
  ports: LeasePorts,
  job: string,
  work: (held: () => Promise<boolean>) => Promise<void>,
  leaseSeconds: number = usualLeaseSeconds,
): Promise<boolean> {
  const holder = ports.ids.nonce();
  const id = ids.jobLease(job);
  const taken = await readAs<JobLeaseDocument>(ports.documents, partitions.operations, id, "job-lease");
  if (taken !== undefined && taken.document.until > ports.clock.now()) return false;
  const document: JobLeaseDocument = {
    id,
    kind: "job-lease",
    schema,
    writer: holder,
    holder,
    until: ports.clock.now() + leaseSeconds * 1000,
  };
  const outcome = await ports.documents.commit(partitions.operations, [
    taken === undefined ? { op: "create", document } : { op: "replace", document, etag: taken.etag },
  ]);
  // What is unknown may be ours, and then it ends by itself.
  if (outcome !== "committed") return false;
  try {
    await work(async () => (await readHeld(ports, id, holder)) !== undefined);
  } finally {
    await release(ports, id, holder);
  }
  return true;
}

async function readHeld(ports: LeasePorts, id: string, holder: string) {
  const lease = await readAs<JobLeaseDocument>(ports.documents, partitions.operations, id, "job-lease");
  return lease?.document.holder === holder && lease.document.until > ports.clock.now() ? lease : undefined;
}

/** If this fails, the lease ends by itself. */
async function release(ports: LeasePorts, id: string, holder: string): Promise<void> {
  try {
    const held = await readHeld(ports, id, holder);
    if (held === undefined) return;
    await ports.documents.commit(partitions.operations, [{ op: "delete", id, etag: held.etag }]);
  } catch {}
}
