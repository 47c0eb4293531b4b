import { untilSettled } from "../../catalog/commit.ts";
import type { Ports } from "../../ports/ports.ts";
import { readOpenSession } from "./append-upload.ts";
import { type Upload, uploadPlace } from "./upload-ticket.ts";

/**
 * Ends an upload and frees its bytes.
 * @throws RegistryError BLOB_UPLOAD_UNKNOWN when it is closed, cancelled or expired
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#cancel-blob-upload
 */
export async function cancelUpload(ports: Ports, upload: Upload): Promise<void> {
  await untilSettled(async () => {
    const { session, etag } = await readOpenSession(ports, upload);
    const outcome = await ports.sessions.write(upload.ticket.id, { ...session, state: "cancelled" }, etag);
    if (outcome === "stale") return undefined;
    await ports.blobs.discard(uploadPlace(upload), { runs: session.runs, bytes: session.offset });
    return true;
  });
}
