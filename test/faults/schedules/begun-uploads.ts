import { findLink } from "../../../shared/catalog/blobs.ts";
import { findRepository } from "../../../shared/catalog/repositories.ts";
import { readUpload } from "../../../shared/registry/uploads/read-upload.ts";
import { type BegunUpload, codeOf, type Simulation } from "./simulation.ts";
import { append, bodyOf, finish, pushWhole } from "./uploads.ts";

const triesMax = 20;

/**
 * What a client does that comes back when all is well again: every upload that was begun gets to its end, or is told that it is
 * gone, and then the blob gets through by a new one.
 */
export async function endUploads(simulation: Simulation): Promise<void> {
  for (const begun of [...simulation.uploads]) {
    if (await endUpload(simulation, begun)) continue;
    const { upload, blob } = begun;
    const before = simulation.surprises.length;
    await pushWhole(simulation, upload.repository, blob);
    if (simulation.surprises.length > before) continue;
    if (!(await isThere(simulation, begun))) {
      simulation.surprises.push(`a new upload of ${blob.name} did not get through either`);
    }
  }
}

/** @returns false when the client was told that there is no such upload, or that its bytes are not the blob's */
async function endUpload(simulation: Simulation, { upload, blob }: BegunUpload): Promise<boolean> {
  for (let tries = 0; tries < triesMax; tries++) {
    const told = await simulation.request("ask", async (ports) => await readUpload(ports, upload));
    const gone = codeOf(told) === "BLOB_UPLOAD_UNKNOWN";
    if (told.kind !== "value" && !gone) break;
    const offset = told.kind === "value" ? told.value : blob.bytes.byteLength;
    if (offset > blob.bytes.byteLength) return false;
    const rest = blob.bytes.subarray(offset);
    if (rest.byteLength > 0 && simulation.random(2) === 0) {
      const range = { start: offset, end: blob.bytes.byteLength - 1 };
      await append(simulation, upload, rest, range);
      continue;
    }
    const body = bodyOf(simulation, rest, true);
    const outcome = await finish(simulation, upload, blob, body, undefined);
    if (outcome === "done") return true;
    if (outcome === "nothing") return false;
  }
  simulation.surprises.push(`the upload of ${blob.name} is stuck`);
  return true;
}

async function isThere({ ports, registry }: Simulation, { upload, blob }: BegunUpload): Promise<boolean> {
  const repository = await findRepository(ports, registry, upload.repository);
  return repository !== undefined && (await findLink(ports, repository, blob.digest)) !== undefined;
}
