import type { Ports } from "../../ports/ports.ts";
import { readOpenSession } from "./append-upload.ts";
import type { Upload } from "./upload-ticket.ts";

/** Bytes that the upload holds. @throws RegistryError BLOB_UPLOAD_UNKNOWN when it is closed, cancelled or expired */
export async function readUpload(ports: Ports, upload: Upload): Promise<number> {
  return (await readOpenSession(ports, upload)).session.offset;
}
