import type { JobLeaseDocument } from "../catalog/collection-documents.ts";
import { readAs } from "../catalog/commit.ts";
import { schema } from "../catalog/documents.ts";
import { ids, partitions } from "../catalog/keys.ts";
import type { Ports } from "../ports/ports.ts";

/** Seconds that a job is one process's own, unless it ends before. */
const leaseSeconds = 300;

/**
 * Does a job unless another process is at it. That saves work and no more: a process that stalls longer than its lease meets the
 * next one at the documents' etags.
 * @param job one word
 * @returns false when another process has it
 */
export async function asOnlyOne(ports: Ports, job: string, work: () => Promise<void>): Promise<boolean> {
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
    await work();
  } finally {
    await release(ports, id, holder);
  }
  return true;
}

/** If this fails, the lease ends by itself. */
async function release(ports: Ports, id: string, holder: string): Promise<void> {
  try {
    const held = await readAs<JobLeaseDocument>(ports.documents, partitions.operations, id, "job-lease");
    if (held?.document.holder !== holder) return;
    await ports.documents.commit(partitions.operations, [{ op: "delete", id, etag: held.etag }]);
  } catch {}
}
